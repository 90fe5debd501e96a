import { assertEquals, assertThrows } from "@std/assert";
import { parseToml, TomlError } from "../../../src/workflow/parse/toml.ts";

function problemOf(text: string): string {
  const { message, line, column } = assertThrows(() => parseToml(text), TomlError);
  return `${line}:${column} ${message}`;
}

Deno.test("what is no TOML 1.0 is refused with its place", () => {
  const problems: Record<string, string> = {
    "a = 1\na = 2": "2:1 not valid TOML: this key is defined already",
    "[a]\nb.c = 1\nb.c = 2": "3:3 not valid TOML: this key is defined already",
    "[a]\n[a]": "2:2 not valid TOML: this key is defined already",
    "x = { a = 1, a = 2 }": "1:14 not valid TOML: this key is defined already",
    "x = { a = 1, }": "1:14 not valid TOML: trailing comma is not permitted in an inline table",
    "x = {\n  a = 1\n}":
      "2:3 not valid TOML: no newlines are allowed between the curly braces unless they are valid within a value",
    'x = "\\e"': "1:7 not valid TOML: invalid character in escape sequence",
    'x = "\\x41"': "1:7 not valid TOML: invalid character in escape sequence",
    "x = 2026-02-30": "1:14 not valid TOML: unexpected invalid date",
    "x = 10:30": "1:10 not valid TOML: unexpected character",
    "x = yes": "1:4 not valid TOML: a value is missing",
    'x = "open': "1:10 not valid TOML: a text is not closed",
  };
  for (const [text, problem] of Object.entries(problems)) assertEquals(problemOf(text), problem);
});

Deno.test("TOML that the packages don't read alike is refused with its place", () => {
  const problems: Record<string, string> = {
    "x = 9007199254740993": "1:5 integers beyond 2^53 can't be kept exactly; write it in quotes",
    "__proto__ = 1": '1:1 a key can\'t be called "__proto__"',
    '"" = 1': '1:1 a key can\'t be called ""',
    "x = 1979-05-27T07:32:00Z": "1:5 dates and times can't be used; write it in quotes",
    "x = 1979-05-27": "1:5 dates and times can't be used; write it in quotes",
    "x = [07:32:00]": "1:6 dates and times can't be used; write it in quotes",
    'x = "\\U0001F600"': "1:5 \\U is not read; write the character itself",
    'x = """a \\  \n b"""': "1:5 nothing may follow the \\ that ends a line, not even blanks",
    'x = """a"""""': "1:5 a text can't end in two quotes before the closing three",
    "x = '''a'''''": "1:5 a text can't end in two quotes before the closing three",
    "[a.b]\n[a]": "2:1 this table must be written before the tables inside it",
    "x = [1 # one\n, 2]": "1:6 the comma belongs on the line of the value before it",
    "x = [1\n,]": "1:6 the comma belongs on the line of the value before it",
    "x = { a = []}": "1:11 write a blank between this list and the }",
    "x = { a = [1,]}": "1:11 write a blank between this list and the }",
    "x = 1\r": "1:6 a line must not end in CR alone",
  };
  for (const [text, problem] of Object.entries(problems)) assertEquals(problemOf(text), problem);
});

Deno.test("TOML 1.0 is read by its meaning", () => {
  const text = String.raw`
# A comment.
title = "caf\u00e9 \"x\" \\U"
'quoted key' = 'C:\data'
numbers = [
  1_000, # a thousand
  0x20, 0o17, 0b11, 1e-4, 9007199254740991,
]
many = """
one \
  two\""""
raw = '''it's ''''
empty = { list = [] }
a.b.c = true
[steps.one]
in.caps = "caps"
matrix = { fold = [0, 1], rate = [] }
[steps.two.with]
x = [{ y = 1 }, { y = 2 }]
[[rows]]
n = 1
[rows.of]
n = 2
[[rows]]
n = 3
`;
  assertEquals(parseToml(text.replaceAll("\n", "\r\n")), parseToml(text));
  assertEquals(JSON.parse(JSON.stringify(parseToml(text))), {
    title: 'café "x" \\U',
    "quoted key": "C:\\data",
    numbers: [1000, 32, 15, 3, 1e-4, 9007199254740991],
    many: 'one two"',
    raw: "it's '",
    empty: { list: [] },
    a: { b: { c: true } },
    steps: {
      one: { in: { caps: "caps" }, matrix: { fold: [0, 1], rate: [] } },
      two: { with: { x: [{ y: 1 }, { y: 2 }] } },
    },
    rows: [{ n: 1, of: { n: 2 } }, { n: 3 }],
  });
});
