import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { addMetadata } from "../../src/tables/metadata.ts";
import { tableOf } from "./tables.ts";

const labels = tableOf("participant_id session_id diagnosis\nsub-1 ses-M06 AD\nsub-2 ses-M000 CN");
const metadata = tableOf(`
participant_id session_id diagnosis MMSE site
sub-2 ses-M000 MCI 29 A
sub-1 ses-M006 MCI 20 B`);

Deno.test("columns are added by participant and session; those of labels stay", () => {
  const all = addMetadata(labels, metadata);
  assertEquals(all.columns, ["participant_id", "session_id", "diagnosis", "MMSE", "site"]);
  assertEquals(all.rows, [
    ["sub-1", "ses-M06", "AD", "20", "B"],
    ["sub-2", "ses-M000", "CN", "29", "A"],
  ]);
  assertEquals(addMetadata(labels, metadata, ["site"]).rows[0], ["sub-1", "ses-M06", "AD", "B"]);
});

Deno.test("sessions and columns that are not known are named", () => {
  const few = metadata.with(metadata.rows.slice(1));
  assertThrows(() => addMetadata(labels, few), DataError, "not in it: sub-1 ses-M06");
  assertThrows(() => addMetadata(labels, metadata, ["CDR"]), DataError, 'no column "CDR"');
});

Deno.test("metadata of cohorts are joined by cohort, and refused where labels lack it", () => {
  const metadata = tableOf(`
participant_id session_id cohort site
sub-1 ses-M000 A Paris
sub-1 ses-M000 B Rome`);
  const labels = tableOf("participant_id session_id cohort\nsub-1 ses-M00 B");
  assertEquals(addMetadata(labels, metadata, ["site"]).rows[0][3], "Rome");
  assertThrows(
    () => addMetadata(tableOf("participant_id session_id\nsub-1 ses-M00"), metadata, ["site"]),
    DataError,
    "sub-1 ses-M00 is in several cohorts",
  );
});
