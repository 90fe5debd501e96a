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

Deno.test("what pandas 1.5 takes for missing is missing; a dash and None are values", () => {
  // pandas 1.5.3: pandas._libs.parsers.STR_NA_VALUES
  const missing = [
    ..."#N/A|#N/A N/A|#NA|-1.#IND|-1.#QNAN|-NaN|-nan|1.#IND|1.#QNAN|<NA>|N/A|NA".split("|"),
    ..."NULL|NaN|n/a|nan|null".split("|"),
  ];
  for (const field of missing) {
    assertEquals(readTsv(`a\tb\n${field}\tx\n`, "t.tsv").rows[0][0], null);
  }
  const values = ["-", "None", "none", "Na", "?", "0"];
  assertEquals(readTsv(`a\n${values.join("\n")}\n`, "t.tsv").rows.flat(), values);
});

Deno.test("UTF-16 with a byte order mark reads as UTF-8 does", () => {
  const text = "participant_id\tsite\nsub-01\tOrléans\n";
  const units = Uint16Array.from([...`\uFEFF${text}`].map((c) => c.charCodeAt(0)));
  const bytes = new Uint8Array(units.buffer);
  const swapped = bytes.map((_, i) => bytes[i ^ 1]);
  const expected = readTsv(text, "t.tsv");
  assertEquals(expected.rows, [["sub-01", "Orléans"]]);
  assertEquals(readTsv(bytes, "t.tsv"), expected);
  assertEquals(readTsv(swapped, "t.tsv"), expected);
  assertThrows(() => readTsv(bytes.subarray(2), "t.tsv"), DataError, "UTF-16 without a byte order");
});

Deno.test("Latin-1 is refused with its line and the advice to save as UTF-8", () => {
  const bytes = Uint8Array.from("id\tsite\n1\tParis\n2\tOrl\xe9ans\n", (c) => c.charCodeAt(0));
  assertThrows(
    () => readTsv(bytes, "t.tsv"),
    DataError,
    "t.tsv: line 3: not a UTF-8 text file (Latin-1 or Windows-1252?); save it as UTF-8",
  );
});

Deno.test("CR line ends are named", () => {
  assertThrows(() => readTsv("a\tb\r1\t2\r", "t.tsv"), DataError, "carriage returns (CR)");
  assertThrows(() => readTsv('a\tb\r"1"\t2\r', "t.tsv"), DataError, "carriage returns (CR)");
});

Deno.test("a quote counts at the start of a field only, as in pandas", () => {
  // pandas 1.5.3 and 3.1: read_csv(sep="\t")
  const text = 'id\tnote\n1\t5 ft 6"\n2\tsaid "fine" today\n3\t"fine" he said\n4\t"a ""b"""\n';
  assertEquals(readTsv(text, "t.tsv").rows.map(([, note]) => note), [
    '5 ft 6"',
    'said "fine" today',
    "fine he said",
    'a "b"',
  ]);
});

Deno.test("an empty last field behind a trailing tab is dropped", () => {
  const expected = { columns: ["a", "b"], rows: [["1", "2"], ["3", "4"], ["5", null]] };
  assertEquals(readTsv("a\tb\t\n1\t2\t\n3\t4\n5\t\t\n", "t.tsv"), expected);
  assertEquals(readTsv("a\tb\n1\t2\t\n3\t4\n5\t\n", "t.tsv"), expected);
  assertThrows(() => readTsv("a\tb\t\n1\t2\t3\n", "t.tsv"), DataError, "column 3 has no name");
  assertThrows(() => readTsv("a\tb\n1\t2\t\t\n", "t.tsv"), DataError, "4 fields where the header");
});

Deno.test("blanks around a field are no part of it, and lines of blanks are skipped", () => {
  assertEquals(readTsv("a \t b\n sub-00 \tCN \n  \nNA \t\t\n", "t.tsv"), {
    columns: ["a", "b"],
    rows: [["sub-00", "CN"], [null, null]],
  });
});

Deno.test("cells of columns that are not kept are left out, and the header keeps their names", () => {
  const text = "a\tb\tc\t\n1\tn/a\t3\t\n4\t5\t6\t\n";
  assertEquals(readTsv(text, "t.tsv", new Set(["c", "b", "x"])), {
    columns: ["b", "c"],
    rows: [[null, "3"], ["5", "6"]],
    header: ["a", "b", "c"],
  });
  assertThrows(
    () => readTsv(text + "7\t8\n", "t.tsv", new Set(["c"])),
    DataError,
    "t.tsv: line 4: 2 fields where the header has 3",
  );
});

Deno.test("a table separated by commas is refused with a hint", () => {
  assertThrows(() => readTsv("a,b\n1\t2\n", "t.tsv"), DataError, "separated by tabs");
  for (const separator of [",", ";", "  "]) {
    const table = readTsv(["a", "b\n1", "2\n"].join(separator), "t.csv");
    assertThrows(() => columnIndices(table, ["a"], "t.csv"), DataError, "separated by tabs");
  }
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

Deno.test("ragged rows, duplicate headers, open quotes and empty files are refused", () => {
  assertThrows(() => readTsv("a\tb\n\n1\n", "t.tsv"), DataError, "line 3: 1 fields where");
  assertThrows(() => readTsv("a\ta\n", "t.tsv"), DataError, 'duplicate column "a"');
  assertThrows(() => readTsv('a\n"open\n', "t.tsv"), DataError, "line 2: a quote is never closed");
  assertThrows(() => readTsv("\n", "t.tsv"), DataError, "the table is empty");
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

Deno.test("a table with escape sequences is refused by its line", () => {
  const table = (cell: string) => new TextEncoder().encode(`participant_id\nsub-01\n${cell}\n`);
  for (
    const [cell, code] of [["sub-\x1b[2J", "001B"], ["sub-\x07", "0007"], ["sub-\x7f", "007F"]]
  ) {
    assertThrows(
      () => readTsv(table(cell), "t.tsv"),
      DataError,
      `t.tsv: line 3: holds the control character U+${code}; remove it`,
    );
  }
  assertEquals(readTsv(table("=1+1"), "t.tsv").rows[1], ["=1+1"]);
});
