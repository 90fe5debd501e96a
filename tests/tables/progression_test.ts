import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { addProgression } from "../../src/tables/progression.ts";
import { tableOf } from "./tables.ts";

/** Diagnoses at months 0, 12, 24, … and the progression of each. */
function progression(diagnoses: string, horizon = 36): string {
  const rows = diagnoses.split(" ").map((diagnosis, i) =>
    diagnosis === "-" ? "" : `sub-1 ses-M${String(12 * i).padStart(3, "0")} ${diagnosis}\n`
  );
  const table = tableOf("participant_id session_id diagnosis\n" + rows.join(""));
  return addProgression(table, horizon).rows.map((row) => row.at(-1)).join(" ");
}

Deno.test("a session is compared with the session at the horizon, or with the last", () => {
  assertEquals(progression("CN CN CN MCI MCI"), "p p p s uk");
  assertEquals(progression("MCI MCI MCI MCI AD"), "s p p p uk");
  assertEquals(progression("CN CN CN"), "s s uk");
  assertEquals(progression("AD AD AD CN"), "r r r uk");
  assertEquals(progression("AD Dementia"), "s uk");
});

Deno.test("without a session at the horizon the session before it decides, then the session after", () => {
  assertEquals(progression("CN - MCI - MCI"), "p s uk");
  assertEquals(progression("CN CN - - MCI", 24), "p p uk");
});

Deno.test("a participant who progresses and regresses is unstable everywhere", () => {
  assertEquals(progression("CN MCI CN CN", 12), "us us us us");
});

Deno.test("diagnoses without an order are refused", () => {
  assertThrows(() => progression("CN FTD"), DataError, 'not "FTD"');
});

Deno.test("a missing diagnosis is named with the step that fills it in or leaves it out", () => {
  assertThrows(
    () => progression("CN n/a CN"),
    DataError,
    "sub-1 ses-M012: progression needs sessions named ses-M<months> and diagnoses among CN, MCI, AD, " +
      "Dementia, but its diagnosis is missing; select sessions with labels.get before",
  );
});
