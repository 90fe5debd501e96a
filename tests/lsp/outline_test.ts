import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/toml";
import { cursorAt, outlineOf } from "../../src/lsp/outline.ts";

const workflows = new URL("../../workflows/", import.meta.url);
const FILES = ["tutorial.toml", "oasis.toml"];

/** Addresses of all texts in a parsed file. */
function textsOf(value: unknown, keys: readonly string[] = []): [string, string][] {
  if (typeof value === "string") return [[keys.join("\n"), value]];
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, item]) => textsOf(item, [...keys, key]));
}

for (const file of FILES) {
  const text = await Deno.readTextFile(new URL(file, workflows));

  Deno.test(`the outline of ${file} has every text that a parser finds, at its place`, () => {
    const { entries } = outlineOf(text);
    const outlined = entries.flatMap(({ keys, text: found }) =>
      found ? [[keys.join("\n"), found.content]] : []
    );
    assertEquals(outlined.toSorted(), textsOf(parse(text)).toSorted());
    for (const { text: found, value } of entries) {
      if (!found || !value) continue;
      assertEquals(text.slice(found.span.start, found.span.end), found.content);
      assertEquals(text.slice(value.start + 1, value.end - 1), found.content);
    }
  });

  Deno.test(`${file} has an outline at every instant of its being typed`, () => {
    for (let length = 0; length <= text.length; length += 7) {
      const outline = outlineOf(text.slice(0, length));
      for (const { key, value } of outline.entries) {
        for (const span of [key, value]) {
          if (span) assert(span.start >= 0 && span.start <= span.end && span.end <= length);
        }
      }
      cursorAt(outline, length);
    }
  });
}

Deno.test("what is unfinished ends at its line", () => {
  const cases: Readonly<Record<string, [address: string, content: string | undefined]>> = {
    'a = "b\nc = "d"': ["c", "d"],
    'a = [1, "b"\n[steps.x]\nc = "d"': ["steps.x.c", "d"],
    'a = { b = \nc = "d"': ["c", "d"],
    '= 3\nc = "d"': ["c", "d"],
    '[steps.\nc = "d"': ["steps..c", "d"],
    'a\nc = "d" # e = "f"': ["c", "d"],
    "a = '''b\nc = 3'''": ["a", "b\nc = 3"],
    'a."b.c" = "d"': ["a.b.c", "d"],
    'a = [[1, 2],\n  ["b"]]': ["a.1.0", "b"],
  };
  for (const [text, [address, content]] of Object.entries(cases)) {
    const entry = outlineOf(text).entries.findLast(({ keys }) => keys.join(".") === address);
    assertEquals(entry?.text?.content, content, text);
  }
});

Deno.test("a position is a key, a value, an empty place of a table, or in a comment", () => {
  const cursor = (marked: string) => {
    const at = marked.indexOf("|");
    const found = cursorAt(outlineOf(marked.slice(0, at) + marked.slice(at + 1)), at);
    if (found === undefined) return "comment";
    return found.at === "key"
      ? `key of ${found.table.join(".")}`
      : `value of ${found.entry.keys.join(".")}`;
  };
  assertEquals(cursor("|"), "key of ");
  assertEquals(cursor("[steps.a]\nus|"), "key of steps.a");
  assertEquals(cursor("[steps.a]\nwith.|"), "key of steps.a.with");
  assertEquals(cursor("[steps.a]\n|\n[steps.b]"), "key of steps.a");
  assertEquals(cursor("[steps.a]\nwith = { x = 1, | }"), "key of steps.a.with");
  assertEquals(cursor("[steps.a]\nwith = { x = | }"), "value of steps.a.with.x");
  assertEquals(cursor("[steps.a]\nuses = |"), "value of steps.a.uses");
  assertEquals(cursor('needs = ["a", "|"]'), "value of needs.1");
  assertEquals(cursor("a = 1 # |"), "comment");
  assertEquals(cursor('a = "# |"'), "value of a");
});
