import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { parseSex, readAges, readSexes } from "../../src/tables/values.ts";
import { tableOf } from "./tables.ts";

const sexes = (...values: string[]) =>
  tableOf(
    "participant_id session_id sex\n" +
      values.map((value, i) => `sub-${i} ses-M000 ${value}`).join("\n"),
    "labels.tsv",
  );
const read = (...values: string[]) => [...readSexes(sexes(...values), 2).values()].join("");

Deno.test("sexes are read as BIDS lists them", () => {
  // BIDS 1.9, participants.tsv: sex
  assertEquals(read("male", "m", "M", "MALE", "Male"), "MMMMM");
  assertEquals(read("female", "f", "F", "FEMALE", "Female"), "FFFFF");
  assertEquals(read("other", "o", "O", "OTHER", "Other", "n/a"), "OOOOO");
  assertEquals(parseSex("W"), undefined);
});

Deno.test("a number is no sex without its level, and words and numbers do not mix", () => {
  assertThrows(
    () => read("1", "2"),
    DataError,
    "labels.tsv: sex of sub-0 ses-M000 is 1: what a number stands for must be given",
  );
  const levels = { "1": "male", "2": "F", "9": "n/a" };
  assertEquals([...readSexes(sexes("1", "2.0", "9"), 2, levels)], [["sub-0", "M"], ["sub-1", "F"]]);
  assertThrows(
    () => readSexes(sexes("M", "1"), 2, levels),
    DataError,
    'sex is written in words and in numbers: "M" (sub-0 ses-M000) and "1" (sub-1 ses-M000)',
  );
  assertThrows(() => read("hetero"), DataError, "none of M, F, O, male, female, other");
});

Deno.test("two sexes of one person are an error that names both", () => {
  const table = tableOf(
    "participant_id session_id sex\nsub-1 ses-M000 M\nsub-1 ses-M012 female",
    "labels.tsv",
  );
  assertThrows(
    () => readSexes(table, 2),
    DataError,
    'sub-1 has two sexes: sub-1 ses-M000 "M" and sub-1 ses-M012 "female"',
  );
});

Deno.test("BIDS's 89+ is 89 and a range is missing, both with a warning", () => {
  const table = tableOf(`
participant_id session_id age
sub-1 ses-M000 89+
sub-2 ses-M000 18-38
sub-3 ses-M000 71.5`);
  const { cells, warnings } = readAges(table, 2);
  assertEquals([...cells.values()], ["89", null, "71.5"]);
  assertStringIncludes(warnings[0], "sub-1 ses-M000 (89+)");
  assertStringIncludes(warnings[1], "sub-2 ses-M000 (18-38)");
  assertThrows(
    () => readAges(tableOf("participant_id session_id age\nsub-1 ses-M000 72,5"), 2),
    DataError,
    'age of sub-1 is not a number: "72,5"',
  );
});
