/** What both packages called `@std/toml` do; `tests/workflow/parse/toml_test.ts` has what they differ in. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { parse, stringify } from "@std/toml";

Deno.test("parse understands what TOML 1.0 writes", () => {
  const { date, ...rest } = parse(`
    name = "é"        # a comment
    path = 'C:\\data'
    n = 1_000
    x = 1e-4
    inf = -inf
    on = true
    list = [1, [2, 3],]
    date = 1979-05-27T07:32:00Z
    in.caps = "caps"
    [steps.train]
    matrix = { fold = [0, 1] }
    [[rows]]
    a = 1
    [[rows]]
    a = 2
  `);
  assertEquals(rest, {
    name: "é",
    path: "C:\\data",
    n: 1000,
    x: 1e-4,
    inf: -Infinity,
    on: true,
    list: [1, [2, 3]],
    in: { caps: "caps" },
    steps: { train: { matrix: { fold: [0, 1] } } },
    rows: [{ a: 1 }, { a: 2 }],
  });
  assert(date instanceof Date);
  assertEquals(date.getTime(), Date.UTC(1979, 4, 27, 7, 32));
});

Deno.test("parse refuses open strings and bare words as syntax errors", () => {
  for (const text of ['a = "open', "a = yes"]) {
    assertThrows(() => parse(text), SyntaxError);
  }
});

Deno.test("what stringify writes, parse reads back", () => {
  const table = { n: 1, x: 0.5, text: 'a "b"\n', list: [1, 2], steps: { a: { uses: "maps" } } };
  assertEquals(parse(stringify(table)), table);
});

Deno.test("keys may be names that every object inherits", () => {
  const text = "[constructor]\nwith = { valueOf = 1, hasOwnProperty.x = 2 }\n";
  assertEquals(
    JSON.stringify(parse(text)),
    '{"constructor":{"with":{"valueOf":1,"hasOwnProperty":{"x":2}}}}',
  );
});
