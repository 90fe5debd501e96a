import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { getLabels, labelColumns, type LabelsOptions } from "../../src/tables/labels.ts";
import { sessionKey } from "../../src/tables/identity.ts";
import { SessionTable } from "../../src/tables/session_table.ts";
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
    "columns: age from age_bl, sex from sex, diagnosis from dx1",
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
  const lower = tableOf("participant_id session_id diagnosis\nsub-1 ses-M000 ad");
  assertThrows(() => getLabels(lower, OPTIONS), DataError, 'the table has the diagnoses "ad"');
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
    ["sub-01", "ses-M06", null, "M", "AD", "two\nlines"],
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

Deno.test("a diagnosis NA or nan, as R and pandas write it, is missing, not a class", () => {
  const text = (missing: string) =>
    `participant_id\tsession_id\tdiagnosis\nsub-1\tses-M000\tAD\nsub-1\tses-M006\t${missing}\n` +
    `sub-1\tses-M012\tAD\nsub-2\tses-M000\t${missing}\nsub-3\tses-M000\tCN\n`;
  for (const missing of ["", "n/a", "NA", "nan", "NaN", "NULL"]) {
    assertEquals(kept(getLabels(SessionTable.read(text(missing), "merged.tsv"), OPTIONS).table), [
      "sub-1 ses-M000 AD",
      "sub-1 ses-M006 AD",
      "sub-1 ses-M012 AD",
      "sub-3 ses-M000 CN",
    ]);
  }
  const { warnings } = getLabels(SessionTable.read(text("None"), "merged.tsv"), OPTIONS);
  assertStringIncludes(warnings[0], 'diagnosis is "None" for sub-1 ses-M006, sub-2 ses-M000');
});

Deno.test("sessions of other names are labelled where the table has no ses-M at all", () => {
  const table = tableOf(`
participant_id session_id diagnosis age sex
sub-1 ses-2 AD 71 F
sub-1 ses-10 AD 75 F
sub-2 ses-1 CN 60 M`);
  const labels = getLabels(table, OPTIONS);
  assertEquals(kept(labels.table), ["sub-1 ses-2 AD", "sub-1 ses-10 AD", "sub-2 ses-1 CN"]);
  assertEquals(labels.account[1], "3 under any name, since none is ses-M<months>");
  assertEquals(kept(labels.table.baseline()), ["sub-1 ses-2 AD", "sub-2 ses-1 CN"]);
});

Deno.test("acq_time is kept where names do not order the sessions", () => {
  const table = tableOf(`
participant_id session_id diagnosis age sex acq_time
sub-1 ses-post AD 70 F 2020-03-01T10:00:00
sub-1 ses-pre AD 70 F 2019-03-01T10:00:00`);
  const { table: labels } = getLabels(table, { ...OPTIONS, diagnoses: ["AD"] });
  assertEquals(labels.columns.at(-1), "acq_time");
  assertEquals(kept(labels.baseline()), ["sub-1 ses-pre AD"]);
});

Deno.test("columns that only look like age or sex are not taken, and are suggested", () => {
  const table = tableOf(`
participant_id session_id diagnosis agent_mg age_of_onset sexual_orientation Gender
sub-1 ses-M000 AD 0.1 50 x F
sub-2 ses-M000 CN 0.2 51 y M`);
  const { table: labels, warnings } = getLabels(table, OPTIONS);
  assertEquals(labels.columns, ["participant_id", "session_id", "diagnosis"]);
  assertStringIncludes(warnings[0], 'did you mean "age_of_onset"? Then set age_column');
  assertStringIncludes(warnings[1], 'did you mean "Gender"? Then set sex_column = "Gender"');
  const named = getLabels(table, { ...OPTIONS, columns: { sex: "Gender" } }).table;
  assertEquals(named.rows[0], ["sub-1", "ses-M000", "F", "AD"]);
});

Deno.test("the age at a visit wins over the one at baseline, which later sessions lack", () => {
  const both = tableOf(`
participant_id session_id diagnosis age_bl age_at_visit sex
sub-1 ses-M000 AD 70 70 F
sub-1 ses-M048 AD 70 74 F`);
  const options = { ...OPTIONS, diagnoses: ["AD"] };
  assertEquals(getLabels(both, options).table.rows.map((row) => row[2]), ["70", "74"]);
  const baseline = tableOf(`
participant_id session_id diagnosis age_bl sex
sub-1 ses-M000 AD 70 F
sub-1 ses-M048 AD 70 F`);
  const { table, warnings } = getLabels(baseline, options);
  assertEquals(table.rows.map((row) => row[2]), ["70", null]);
  assertStringIncludes(warnings[0], "1 later sessions have no age (sub-1 ses-M048)");
});

Deno.test("a diagnosis column of another name is a parameter, and is suggested", () => {
  const table = tableOf(`
participant_id session_id group age sex
sub-1 ses-M000 AD 70 F
sub-2 ses-M000 CN 60 M`);
  assertThrows(
    () => getLabels(table, OPTIONS),
    DataError,
    'no column "diagnosis"; did you mean "group"? Then set diagnosis_column = "group"',
  );
  const { table: labels } = getLabels(table, { ...OPTIONS, columns: { diagnosis: "group" } });
  assertEquals(kept(labels), ["sub-1 ses-M000 AD", "sub-2 ses-M000 CN"]);
  assertThrows(
    () => getLabels(table, { ...OPTIONS, columns: { diagnosis: "Group" } }),
    DataError,
    'no column "Group" (diagnosis_column); did you mean "group"?',
  );
});

Deno.test("equal ids of two cohorts are two people, each with a baseline", () => {
  const cohorts = tableOf(`
participant_id session_id diagnosis cohort
sub-000 ses-M000 AD A
sub-000 ses-M006 CN B
sub-001 ses-M000 CN A`);
  const { table } = getLabels(cohorts, OPTIONS);
  assertEquals(table.baseline().rows.length, 3);
  assertEquals([...table.byPerson().keys()], ["sub-000\tA", "sub-000\tB", "sub-001\tA"]);
});

Deno.test("labels need few columns of a merged table, and messages know the others", () => {
  const read = (text: string, options: LabelsOptions) =>
    getLabels(SessionTable.read(text, "merged.tsv", labelColumns(options)), options);
  const options = { ...OPTIONS, variablesOfInterest: ["image_id"] };
  const wide = tableOf(
    `
participant_id site session_id dx1 MMSE age_bl sex image_id diagnosis_bl
sub-1 A ses-M000 AD 20 70 F x AD
sub-2 B ses-M000 CN 30 60 M y SMC
sub-3 B ses-M000 CN 30 60 M z CN`,
    "merged.tsv",
  );
  assertEquals(read(wide.toTsv(), options).table, getLabels(wide, options).table);
  assertThrows(
    () => read(wide.toTsv().replace("dx1", "Group"), options),
    DataError,
    'no column "diagnosis"; did you mean "Group"? Then set diagnosis_column = "Group"',
  );
  assertThrows(
    () => read(wide.toTsv(), { ...options, variablesOfInterest: ["apoe"] }),
    DataError,
    "no column apoe (variables_of_interest); the table has participant_id, site, session_id, dx1",
  );
  const some = SessionTable.read(wide.toTsv(), "merged.tsv", ["sex"]);
  assertThrows(() => some.column("MMSE"), TypeError, "MMSE was not read");
});
