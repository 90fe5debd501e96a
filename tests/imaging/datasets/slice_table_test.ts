import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { sliceTable } from "../../../src/imaging/datasets/slice_table.ts";

const table = (text: string) => sliceTable(new TextEncoder().encode(text), "slices.tsv");

Deno.test("slices are chosen by session, or by participant for all sessions", () => {
  const slices = table(
    "participant_id\tsession_id\tslice_id\nsub-01\tses-M000\t85\nsub-01\tses-M000\t40\nsub-02\tn/a\t3\n",
  );
  assertEquals(slices("sub-01", "ses-M000"), [85, 40]);
  assertEquals(slices("sub-02", "ses-M012"), [3]);
  assertThrows(
    () => slices("sub-01", "ses-M012"),
    DataError,
    "slices.tsv: it names no slices of sub-01 ses-M012",
  );
});

Deno.test("a slice that is no index is refused by its row", () => {
  assertThrows(
    () => table("participant_id\tslice_id\nsub-01\t4\nsub-01\t-1\n"),
    DataError,
    'row 2: slice_id "-1" is no slice index',
  );
});
