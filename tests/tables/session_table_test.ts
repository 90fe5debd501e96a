import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { cellNumber, nameSome, SessionTable } from "../../src/tables/session_table.ts";
import { tableOf } from "./tables.ts";

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

Deno.test("ids are read with and without their prefixes and with blanks around them", () => {
  const table = SessionTable.read(
    "participant_id\tsession_id\n01\tM00\nsub-02 \t ses-M000\n",
    "labels.tsv",
  );
  assertEquals(table.rows, [["sub-01", "ses-M00"], ["sub-02", "ses-M000"]]);
  assertThrows(
    () => tableOf("participant_id session_id\nsub-1 ses-M06\n1 M6", "labels.tsv"),
    DataError,
    "labels.tsv: listed more than once: sub-1 ses-M6",
  );
});

Deno.test("two rows of one session that differ are named with their values", () => {
  assertThrows(
    () => tableOf("participant_id session_id sex\nsub-1 ses-M0 M\nsub-1 ses-M00 F", "labels.tsv"),
    DataError,
    'listed more than once: sub-1 ses-M00 (sex "M" and "F")',
  );
});

Deno.test("the first session does not depend on the order of rows, or is asked for", () => {
  const header = "participant_id session_id acq_time";
  const rows = ["sub-1 ses-M6 n/a", "sub-1 ses-M12 n/a", "sub-1 ses-M24b n/a"];
  for (const [a, b, c] of [[0, 1, 2], [1, 2, 0], [2, 0, 1]]) {
    const table = tableOf([header, rows[a], rows[b], rows[c]].join("\n"), "labels.tsv");
    assertEquals(table.rows.map((row) => row[1]), ["ses-M6", "ses-M12", "ses-M24b"]);
    assertThrows(
      () => table.baseline(),
      DataError,
      "labels.tsv: the first session of a participant needs the order of sessions in time, which " +
        "is not known for sub-1 (ses-M6, ses-M12, ses-M24b)",
    );
  }
  const timed = tableOf(`${header}\nsub-1 ses-post 2020-01-02\nsub-1 ses-pre 2019-01-02`);
  assertEquals(timed.baseline().rows[0][1], "ses-pre");
});
