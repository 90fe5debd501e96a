import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { cellNumber, compareSessions, nameSome } from "../../src/tables/session_table.ts";
import { tableOf } from "./tables.ts";

Deno.test("sessions are ordered by month, whatever the number of digits", () => {
  const sorted = ["ses-M120", "ses-M06", "ses-M012", "ses-M000", "ses-2", "ses-M6"]
    .sort(compareSessions);
  assertEquals(sorted.slice(0, 1), ["ses-2"]);
  assertEquals(sorted.slice(1), ["ses-M000", "ses-M06", "ses-M6", "ses-M012", "ses-M120"]);
});

Deno.test("two spellings of a session are the same row twice", () => {
  assertThrows(
    () => tableOf("participant_id session_id\nsub-1 ses-M06\nsub-1 ses-M006", "labels.tsv"),
    DataError,
    "labels.tsv: listed more than once: sub-1 ses-M006",
  );
});

Deno.test("rows without ids and tables without id columns are refused", () => {
  assertThrows(
    () => tableOf("participant_id session_id\nsub-1 n/a", "labels.tsv"),
    DataError,
    "row 1 has no participant_id or no session_id",
  );
  assertThrows(() => tableOf("participant_id\nsub-1"), DataError, 'no column "session_id"');
});

Deno.test("numbers are read or refused with the participant's name", () => {
  assertEquals(cellNumber("70.5", "age", "t"), 70.5);
  assertEquals(cellNumber(null, "age", "t"), NaN);
  assertThrows(
    () => cellNumber("70,5", "age of sub-1", "labels.tsv"),
    DataError,
    'labels.tsv: age of sub-1 is not a number: "70,5"',
  );
});

Deno.test("long lists of names are cut", () => {
  assertEquals(nameSome(["a", "b", "c"], 2), "a, b and 1 more");
});
