import { assertAlmostEquals, assertEquals } from "@std/assert";
import { analyseLabels } from "../../src/tables/analysis.ts";
import { sessionKey } from "../../src/tables/identity.ts";
import { getLabels } from "../../src/tables/labels.ts";
import { tableOf } from "./tables.ts";

Deno.test("each diagnosis is described by its participants' first sessions", () => {
  const labels = tableOf(`
participant_id session_id age sex diagnosis
sub-1 ses-M000 70 F AD
sub-1 ses-M012 71 F AD
sub-2 ses-M000 80 M AD
sub-3 ses-M000 60 F CN`);
  const metadata = tableOf(`
participant_id session_id MMS cdr_global
sub-1 ses-M000 20 1
sub-1 ses-M012 18 2
sub-2 ses-M000 24 0.5
sub-3 ses-M000 n/a 0`);
  const { columns, rows } = analyseLabels(labels, metadata).table;
  const [ad, cn] = rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]])));
  assertEquals([ad.group, ad.n_subjects, ad.sexF, ad.sexM], ["AD", "2", "1", "1"]);
  assertEquals([ad.mean_age, ad.std_age, ad.min_age, ad.max_age], ["75", "5", "70", "80"]);
  assertEquals([ad.mean_MMSE, ad.CDR_1, ad["CDR_0.5"], ad.CDR_2], ["22", "1", "1", "0"]);
  assertEquals([ad.mean_scans, ad.std_scans, ad.n_scans], ["1.5", "0.5", "3"]);
  assertEquals([cn.n_subjects, cn.mean_MMSE, cn.CDR_0], ["1", null, "1"]);
  assertAlmostEquals(Number(cn.mean_age), 60);
});

Deno.test("a session whose diagnosis was filled in is described, if it is the first", () => {
  const merged = tableOf(`
participant_id session_id age sex diagnosis MMSE
sub-1 ses-M000 70 F AD 24
sub-1 ses-M006 71 F n/a 22
sub-1 ses-M012 72 F AD 20`);
  const options = {
    diagnoses: ["AD"],
    variablesOfInterest: [],
    keepSmc: false,
    removeUniqueSession: false,
    imaged: new Set(["ses-M006", "ses-M012"].map((session) => sessionKey("sub-1", session))),
  };
  const { columns, rows: [row] } = analyseLabels(getLabels(merged, options).table, merged).table;
  const value = (name: string) => row[columns.indexOf(name)];
  assertEquals([value("mean_age"), value("mean_MMSE"), value("n_scans")], ["71", "22", "2"]);
});

Deno.test("what nothing is known of is missing, counts too", () => {
  const labels = tableOf(`
participant_id session_id diagnosis
sub-1 ses-M000 AD
sub-2 ses-M000 AD`);
  const { columns, rows: [row] } = analyseLabels(labels, labels).table;
  for (const name of ["CDR_0", "CDR_0.5", "CDR_3", "sexF", "sexM", "mean_age", "mean_MMSE"]) {
    assertEquals(row[columns.indexOf(name)], null, name);
  }
  assertEquals(row[columns.indexOf("n_subjects")], "2");
});
