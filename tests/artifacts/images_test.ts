import { assertEquals, assertThrows } from "@std/assert";
import { type ImageSet, joinSamples } from "../../src/artifacts/images.ts";
import { DataError } from "../../src/errors.ts";
import { sessionKey } from "../../src/tables/identity.ts";
import type { Artifact } from "../../src/workflow/step.ts";

/** Images of sessions given as `sub-1 ses-M000 COHORT`. */
function imagesOf(...sessions: string[]): ImageSet {
  const index = new Map(sessions.map((text) => {
    const [participant, session, cohort = "single"] = text.split(" ");
    return [sessionKey(participant, session), { sourceDigest: text, path: text, cohort }];
  }));
  const elementShape = [1, 2, 2];
  const elementShapes = [elementShape];
  const artifact = {} as Artifact;
  return { artifact, mode: "slice", elements: [0], elementShapes, elementShape, index };
}

const table = (...rows: string[]) => rows.join("\n").replaceAll(" ", "\t") + "\n";

Deno.test("sessions match images whatever their padding and the prefixes of their ids", () => {
  const images = imagesOf("sub-1 ses-M000", "sub-2 ses-M00");
  const text = table("participant_id session_id", "sub-1 ses-M00", "2 M000");
  const samples = joinSamples(text, "labels", images, { requireImages: true });
  assertEquals(samples.map(({ path }) => path), ["sub-1 ses-M000", "sub-2 ses-M00"]);
});

Deno.test("a session without an image is left out with a warning, or an error on request", () => {
  const images = imagesOf("sub-1 ses-M000");
  const text = table("participant_id session_id", "sub-1 ses-M000", "sub-2 ses-M000");
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  assertEquals(joinSamples(text, "the training table", images, { warn }).length, 1);
  assertEquals(warnings, [
    "the training table: 1 of 2 sessions have no extracted image and are left out: sub-2 ses-M000",
  ]);
  assertThrows(
    () => joinSamples(text, "the training table", images, { requireImages: true }),
    DataError,
    "no extracted image for sub-2 ses-M000",
  );
  assertThrows(() => joinSamples(text, "labels", imagesOf()), DataError, "no extracted image for");
});

Deno.test("an id of two cohorts is two people, and a table without cohorts is refused", () => {
  const images = imagesOf("sub-1 ses-M000 A", "sub-1 ses-M006 B");
  assertThrows(
    () => joinSamples(table("participant_id session_id", "sub-1 ses-M000"), "labels", images),
    DataError,
    "sub-1 is in the cohorts A and B, and the table has no column cohort",
  );
  const rows = table("participant_id session_id cohort", "sub-1 ses-M000 A", "sub-1 ses-M006 A");
  assertEquals(joinSamples(rows, "labels", images).map(({ cohort }) => cohort), ["A"]);
});
