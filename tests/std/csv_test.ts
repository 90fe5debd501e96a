import { assertEquals, assertThrows } from "@std/assert";
import { parse, stringify } from "@std/csv";

Deno.test("parse understands quotes, both line ends, a byte order mark and empty lines", () => {
  assertEquals(parse('\ufeffa,b\r\n"1,5","say ""x"""\n\n"two\r\nlines",\n'), [
    ["a", "b"],
    ["1,5", 'say "x"'],
    ["two\nlines", ""],
  ]);
  assertEquals(parse(""), []);
  assertEquals(parse("a\tb\r", { separator: "\t" }), [["a", "b"]]);
});

Deno.test("parse keeps spaces, number signs and text that looks like numbers as they are", () => {
  assertEquals(parse(" 01 ,#x\n"), [[" 01 ", "#x"]]);
});

Deno.test("parse checks the number of fields only when asked", () => {
  assertEquals(parse("a,b\n1\n"), [["a", "b"], ["1"]]);
  assertEquals(parse("a,b\n1\n", { fieldsPerRecord: -1 }), [["a", "b"], ["1"]]);
  assertThrows(
    () => parse("a,b\n1\n", { fieldsPerRecord: 0 }),
    SyntaxError,
    "expected 2 fields but got 1",
  );
  assertThrows(
    () => parse("a,b\n", { fieldsPerRecord: 3 }),
    SyntaxError,
    "expected 3 fields but got 2",
  );
});

Deno.test("parse refuses bare, misplaced and open quotes", () => {
  for (const text of ['a"b\n', '"a"b\n', '"open\n']) assertThrows(() => parse(text), SyntaxError);
});

Deno.test("stringify quotes only where it must and ends lines as in RFC 4180", () => {
  assertEquals(
    stringify([["a", 1, true], [null, undefined, { b: 1 }], ["x,y", "two\nlines", 'q"']]),
    'a,1,true\r\n,,"{""b"":1}"\r\n"x,y","two\nlines","q"""\r\n',
  );
  assertEquals(stringify([["x,y", "a\tb"]], { separator: "\t" }), 'x,y\t"a\tb"\r\n');
});

Deno.test("what stringify writes, parse reads back", () => {
  const rows = [["", "a,b", '"', "\n", " x "], ["é", "\t", "1e5", "''", "end"]];
  assertEquals(parse(stringify(rows)), rows);
});
