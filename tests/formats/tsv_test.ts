import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { columnIndices, readTsv, writeTsv } from "../../src/formats/tsv.ts";

Deno.test("a table is read with a byte order mark, CRLF and both ways of writing missing", () => {
  const text = "\uFEFFparticipant_id\tsession_id\tage\r\nsub-01\tses-M000\tn/a\r\n007\t\t71.5\r\n";
  assertEquals(readTsv(text, "t.tsv"), {
    columns: ["participant_id", "session_id", "age"],
    rows: [["sub-01", "ses-M000", null], ["007", null, "71.5"]],
  });
  assertEquals(
    readTsv(new TextEncoder().encode(text), "t.tsv"),
    readTsv(text, "t.tsv"),
  );
});

Deno.test("a label that is called NA stays text", () => {
  assertEquals(readTsv("diagnosis\nNA\n", "t.tsv").rows, [["NA"]]);
});

Deno.test("pandas's unnamed index column is allowed in first place only", () => {
  assertEquals(readTsv("\ta\n0\tx\n", "t.tsv").columns, ["", "a"]);
  assertThrows(() => readTsv("a\t\nx\ty\n", "t.tsv"), DataError, "line 1: column 2 has no name");
});

Deno.test("quoted fields hold tabs, quotes and line ends, and later rows keep their line", () => {
  const text = 'a\tb\n"one\ttwo"\t"say ""hi"""\r\n"two\nlines"\tx\nshort\n';
  assertThrows(() => readTsv(text, "t.tsv"), DataError, "t.tsv: line 5: 1 fields where");
  assertEquals(readTsv(text.replace("short\n", ""), "t.tsv").rows, [
    ["one\ttwo", 'say "hi"'],
    ["two\nlines", "x"],
  ]);
});

Deno.test("ragged rows, duplicate headers, open quotes, empty files and Latin-1 are refused", () => {
  assertThrows(() => readTsv("a\tb\n\n1\n", "t.tsv"), DataError, "line 3: 1 fields where");
  assertThrows(() => readTsv("a\ta\n", "t.tsv"), DataError, 'duplicate column "a"');
  assertThrows(() => readTsv('a\n"open\n', "t.tsv"), DataError, "line 2: a quote is never closed");
  assertThrows(() => readTsv('a\nx"y"\n', "t.tsv"), DataError, "line 2: a quote inside");
  assertThrows(() => readTsv("\n", "t.tsv"), DataError, "the table is empty");
  assertThrows(() => readTsv(Uint8Array.of(0x61, 0xe9), "t.tsv"), DataError, "UTF-8");
});

Deno.test("a written table reads back, quoted only where it must be", () => {
  const rows = [["sub-01", 1.5, true, null], ['tab\there "q"', Infinity, false, NaN]];
  const text = writeTsv(["a", "b", "c", "d"], rows);
  assertEquals(text.split("\n")[1], "sub-01\t1.5\tTrue\tn/a");
  assertEquals(readTsv(text, "t.tsv").rows, [
    ["sub-01", "1.5", "True", null],
    ['tab\there "q"', "inf", "False", null],
  ]);
  assertEquals(text.endsWith("\n"), true);
});

Deno.test("missing columns are all named", () => {
  assertEquals(columnIndices({ columns: ["b", "a"] }, ["a", "b"], "t.tsv"), { a: 1, b: 0 });
  assertThrows(
    () => columnIndices({ columns: ["b"] }, ["a", "b", "c"], "t.tsv"),
    DataError,
    'no column "a", "c"',
  );
});

Deno.test("100,000 rows are read and written within seconds", () => {
  const rows = Array.from({ length: 100_000 }, (_, i) => [`sub-${i}`, "ses-M000", i / 7, null]);
  const text = writeTsv(["participant_id", "session_id", "age", "sex"], rows);
  const start = performance.now();
  assertEquals(readTsv(text, "t.tsv").rows.length, 100_000);
  const quoted = text.replace("n/a\n", '"n/a"\n');
  assertEquals(readTsv(quoted, "t.tsv").rows.length, 100_000);
  if (performance.now() - start > 5000) throw new Error("reading took over five seconds");
});
