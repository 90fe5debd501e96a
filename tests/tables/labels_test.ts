import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { getLabels, type LabelsOptions } from "../../src/tables/labels.ts";
import { sessionKey, SessionTable } from "../../src/tables/session_table.ts";
import { tableOf } from "./tables.ts";

const OPTIONS: LabelsOptions = {
  diagnoses: ["AD", "CN"],
  variablesOfInterest: [],
  keepSmc: false,
  removeUniqueSession: false,
};
const kept = (table: SessionTable) =>
  table.rows.map((row) => `${row[0]} ${row[1]} ${row[table.column("diagnosis")]}`);

const merged = tableOf(`
participant_id session_id dx1 age_bl sex image_id
sub-1 ses-M000 AD 70 F x
sub-1 ses-M06 n/a 70 F x
sub-1 ses-M012 AD 71 F x
sub-1 ses-M018 n/a 71 F x
sub-2 ses-M000 CN 60 M x
sub-2 ses-M012 n/a 61 M x
sub-2 ses-M024 MCI 62 M x
sub-2 ses-M036 CN 63 M x
sub-3 ses-M000 n/a 65 F x
sub-3 ses-M012 CN 66 F x
sub-4 ses-baseline AD 80 M x`);

Deno.test("a diagnosis between two equal ones is filled in, other gaps are left out", () => {
  const { table, account } = getLabels(merged, OPTIONS);
  assertEquals(table.columns, ["participant_id", "session_id", "age", "sex", "diagnosis"]);
  assertEquals(kept(table), [
    "sub-1 ses-M000 AD",
    "sub-1 ses-M06 AD",
    "sub-1 ses-M012 AD",
    "sub-2 ses-M000 CN",
    "sub-2 ses-M036 CN",
    "sub-3 ses-M012 CN",
  ]);
  assertEquals(account, [
    "11 sessions",
    "10 with a name ses-M<months>",
    "10 without subjective memory complaint",
    "7 with a known diagnosis",
    "6 diagnosed AD or CN",
  ]);
});

Deno.test("participants with one session, absent images and unlisted sessions are left out", () => {
  const imaged = new Set([sessionKey("sub-1", "ses-M006"), sessionKey("sub-2", "ses-M000")]);
  assertEquals(kept(getLabels(merged, { ...OPTIONS, imaged }).table), [
    "sub-1 ses-M06 AD",
    "sub-2 ses-M000 CN",
  ]);
  const restriction = new Set([sessionKey("sub-3", "ses-M012")]);
  assertEquals(kept(getLabels(merged, { ...OPTIONS, restriction }).table), ["sub-3 ses-M012 CN"]);
  const few = tableOf(`
participant_id session_id diagnosis
sub-1 ses-M000 AD
sub-2 ses-M000 CN
sub-2 ses-M012 CN`);
  const { table, warnings } = getLabels(few, { ...OPTIONS, removeUniqueSession: true });
  assertEquals(kept(table), ["sub-2 ses-M000 CN", "sub-2 ses-M012 CN"]);
  assertEquals(warnings.length, 3, "no AD, no age, no sex");
});

Deno.test("ADNI's codes replace a missing diagnosis, and complaints are left out", () => {
  const adni = tableOf(`
participant_id session_id diagnosis adni_diagnosis_change diagnosis_bl
sub-1 ses-M000 n/a 3.0 AD
sub-2 ses-M000 n/a 9 CN
sub-3 ses-M000 MCI 3 MCI
sub-4 ses-M000 CN 1 SMC`);
  assertEquals(kept(getLabels(adni, OPTIONS).table), ["sub-1 ses-M000 AD", "sub-2 ses-M000 CN"]);
  assertEquals(getLabels(adni, { ...OPTIONS, keepSmc: true }).table.rows.length, 3);
});

Deno.test("requested columns are retained, absent columns are an error that lists what there is", () => {
  const { table } = getLabels(merged, { ...OPTIONS, variablesOfInterest: ["image_id"] });
  assertEquals(table.columns.at(-1), "image_id");
  assertThrows(
    () => getLabels(merged, { ...OPTIONS, variablesOfInterest: ["MMSE"] }),
    DataError,
    "no column MMSE (variables_of_interest); the table has participant_id, session_id, dx1",
  );
});

Deno.test("when nothing is left the error names where it was lost", () => {
  assertThrows(
    () => getLabels(merged, { ...OPTIONS, diagnoses: ["FTD"] }),
    DataError,
    "no session is left: 11 sessions, 10 with a name ses-M<months>",
  );
});

Deno.test("a table as pandas writes it is understood: empty fields, quotes, line ends in fields", async () => {
  const text = await Deno.readTextFile(
    new URL("../fixtures/tables/merged.tsv", import.meta.url),
  );
  const { table } = getLabels(SessionTable.read(text, "merged.tsv"), {
    ...OPTIONS,
    variablesOfInterest: ["note"],
  });
  assertEquals(table.rows, [
    ["sub-01", "ses-M000", "65.5", "M", "AD", null],
    ["sub-01", "ses-M06", "66.0", "M", "AD", "two\nlines"],
    ["sub-02", "ses-M000", "70.5", "F", "CN", 'said "no"'],
    ["sub-03", "ses-M000", null, "F", "CN", "tab\there"],
  ]);
  assertEquals(SessionTable.read(table.toTsv(), "again").rows, table.rows);
});

Deno.test("labels of several cohorts retain the cohort", () => {
  const cohorts = tableOf(`
participant_id session_id diagnosis cohort
sub-1 ses-M000 AD ADNI
sub-2 ses-M000 CN OASIS`);
  assertEquals(getLabels(cohorts, OPTIONS).table.rows[1], ["sub-2", "ses-M000", "CN", "OASIS"]);
});
