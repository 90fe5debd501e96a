import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { bootstrapIntervals } from "../../src/evaluation/bootstrap.ts";
import { assertClose, metrics } from "./fixtures.ts";

const options = { seed: 1, resamples: 3000, confidence: 0.95 };
const { participants, correct, ...expected } = metrics.bootstrap;

function accuracy(weights: Float64Array) {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return { accuracy: weights.reduce((sum, weight, row) => sum + weight * correct[row], 0) / total };
}

Deno.test("bootstrapIntervals agrees with NumPy's resampling of participants", () => {
  const interval = bootstrapIntervals(participants, accuracy, options).accuracy;
  assertClose(interval.lower, expected.lower, 0.01, "lower");
  assertClose(interval.upper, expected.upper, 0.01, "upper");
  assertClose(interval.standard_error, expected.standard_error, 0.002, "standard error");
});

Deno.test("bootstrapIntervals gains nothing from rows that repeat their participant", () => {
  const values = Array.from({ length: 40 }, (_, row) => Math.sin(7 * row));
  const mean = (repeats: number) => (weights: Float64Array) => ({
    mean: weights.reduce((sum, weight, row) => sum + weight * values[row % 40], 0) / 40 / repeats,
  });
  const once = values.map((_, row) => `sub-${row}`);
  assertClose(
    bootstrapIntervals([once, once, once].flat(), mean(3), options).mean.standard_error,
    bootstrapIntervals(once, mean(1), options).mean.standard_error,
    1e-12,
    "standard error",
  );
});

Deno.test("bootstrapIntervals is a function of its seed", () => {
  const once = bootstrapIntervals(participants, accuracy, options);
  assertEquals(bootstrapIntervals(participants, accuracy, options), once);
  assertNotEquals(bootstrapIntervals(participants, accuracy, { ...options, seed: 2 }), once);
});

Deno.test("bootstrapIntervals covers the truth in about 95 of 100 samples", () => {
  let covered = 0;
  for (let sample = 0; sample < 200; sample++) {
    const values = Array.from({ length: 60 }, (_, i) => Math.sin(1e4 * Math.sin(60 * sample + i)));
    const mean = (weights: Float64Array) => ({
      mean: weights.reduce((sum, weight, row) => sum + weight * values[row], 0) / 60,
    });
    const people = values.map((_, row) => `sub-${row}`);
    const { lower, upper } = bootstrapIntervals(people, mean, { ...options, resamples: 400 }).mean;
    if (lower <= 0 && upper >= 0) covered++;
  }
  assert(covered >= 180 && covered <= 198, `${covered} of 200`);
});

Deno.test("bootstrapIntervals leaves out resamples in which a statistic is not a number", () => {
  const onlyWithFirst = (weights: Float64Array) => ({ value: weights[0] > 0 ? 1 : NaN });
  const interval = bootstrapIntervals(["a", "b", "c"], onlyWithFirst, options).value;
  assertEquals([interval.lower, interval.upper, interval.standard_error], [1, 1, 0]);
  // The first of three is not drawn in (2/3)^3 of the resamples.
  assertClose(interval.undefined_resamples / 3000, 8 / 27, 0.03, "undefined resamples");
});

Deno.test("bootstrapIntervals gives NaN for a single participant", () => {
  const interval = bootstrapIntervals(["a", "a"], () => ({ value: 1 }), options).value;
  assertEquals(interval, { lower: NaN, upper: NaN, standard_error: NaN, undefined_resamples: 0 });
});

Deno.test("bootstrapIntervals reaches up to infinity where enough resamples do", () => {
  const people = Array.from({ length: 4 }, (_, i) => `sub-${i}`);
  const ratio = (weights: Float64Array) => ({ value: weights[0] / weights[1] || 0 });
  const { lower, upper, standard_error } = bootstrapIntervals(people, ratio, options).value;
  assertEquals([lower, upper], [0, Infinity]);
  assert(Number.isNaN(standard_error));
});
