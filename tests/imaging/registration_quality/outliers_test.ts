import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { RegistrationMeasures } from "../../../src/imaging/registration_quality/measures.ts";
import {
  FEWEST_HEADS,
  findOutliers,
  robustScores,
} from "../../../src/imaging/registration_quality/outliers.ts";
import { Random } from "../../../src/random.ts";

/** Heads as a study has them, all alike but for noise. */
function heads(count: number): RegistrationMeasures[] {
  const random = new Random(3, "heads");
  return Array.from({ length: count }, () => ({
    mutual_information: random.normal(0.8, 0.02),
    correlation: random.normal(0.65, 0.02),
    scale_x: random.normal(1, 0.03),
    scale_y: random.normal(1, 0.03),
    scale_z: random.normal(1, 0.03),
    shear: random.uniform(0, 0.02),
    rotation: random.uniform(0, 8),
    shift: random.uniform(0, 12),
    field_range: random.normal(1.5, 0.1),
  }));
}

Deno.test("scores are 0.6745 (x - median) / MAD", () => {
  // Median 5; deviations 4, 3, 1, 0, 1, 2, 95: MAD 2.
  const scores = robustScores([1, 2, 4, 5, 6, 7, 100]);
  [-4, -3, -1, 0, 1, 2, 95].forEach((deviation, i) =>
    assertAlmostEquals(scores[i], 0.6745 * deviation / 2, 1e-12)
  );
  // Of an even number: median 2.5, deviations 1.5, 0.5, 0.5, 97.5: MAD 1.
  assertAlmostEquals(robustScores([1, 2, 3, 100])[3], 0.6745 * 97.5, 1e-9);
  assertEquals(robustScores([1, 1, 1, 9]), [0, 0, 0, 0]);
});

Deno.test("a head that differs is an outlier, and its reasons are named", () => {
  const all = heads(40);
  all[7] = { ...all[7], mutual_information: 0.31, scale_z: 1.5 };
  const reasons = findOutliers(all);
  assertEquals(reasons.filter((reason) => reason !== "").length, 1);
  const [text] =
    reasons[7].match(/^mutual_information 0.31 \(z -\d+\.\d\), scale_z 1.5 \(z \d+\.\d\)$/) ??
      [];
  assertEquals(text, reasons[7]);
});

Deno.test("a head that fits the template better than others, or lay oddly in the scanner, is none", () => {
  const all = heads(40);
  all[3] = { ...all[3], mutual_information: 2, correlation: 0.99, field_range: 1.01 };
  all[4] = { ...all[4], rotation: 40, shift: 300 };
  assertEquals(findOutliers(all).every((reason) => reason === ""), true);
  all[5] = { ...all[5], field_range: 9 };
  all[6] = { ...all[6], scale_x: 0.5 };
  assertEquals(findOutliers(all).map((reason, i) => reason && i).filter(String), [5, 6]);
});

Deno.test("a shear that is a few times as large as most is none, one of thirty times is", () => {
  const random = new Random(4, "shear");
  const all = heads(40).map((head) => ({ ...head, shear: Math.abs(random.normal(0, 0.004)) }));
  all[8] = { ...all[8], shear: 0.0136 };
  all[9] = { ...all[9], shear: 0 };
  assertEquals(findOutliers(all).every((reason) => reason === ""), true);
  all[8] = { ...all[8], shear: 0.3 };
  assertEquals(findOutliers(all)[8].startsWith("shear 0.3 (z "), true);
});

Deno.test("of fewer than ten heads none is an outlier", () => {
  const few = heads(FEWEST_HEADS);
  few[0] = { ...few[0], correlation: -1 };
  assertEquals(findOutliers(few)[0] !== "", true);
  assertEquals(findOutliers(few.slice(0, 9)), Array(9).fill(""));
  assertEquals(findOutliers([]), []);
});
