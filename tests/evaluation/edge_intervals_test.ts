/** Small groups: everybody right, few patients, one class. */
import { assert, assertEquals } from "@std/assert";
import { edgeBounds } from "../../src/evaluation/edge_intervals.ts";
import { evaluatePredictions } from "../../src/evaluation/evaluate.ts";
import type { Predictions } from "../../src/evaluation/predictions.ts";
import { assertClose } from "./fixtures.ts";

const options = { seed: 0, resamples: 3000, confidence: 0.95 };

interface Case {
  successes: number;
  n: number;
  confidence: number;
  lower: number;
  upper: number;
}
const cases: Case[] = JSON.parse(
  Deno.readTextFileSync(
    new URL("../fixtures/evaluation/edge_intervals.json", import.meta.url),
  ),
);

/** One row a participant unless `participants` are given; sure of the predicted class. */
function group(truth: readonly number[], predicted: readonly number[], people?: string[]) {
  return {
    participants: people ?? truth.map((_, row) => `sub-${row}`),
    sessions: truth.map(() => "ses-M000"),
    elements: truth.map(() => 0),
    trueLabels: Float64Array.from(truth),
    predictedLabels: Float64Array.from(predicted),
    classes: 2,
    probabilities: Float64Array.from(predicted.flatMap((label) => label === 0 ? [1, 0] : [0, 1])),
  } satisfies Predictions;
}

Deno.test("bounds of a proportion of 0 or 1 are SciPy's exact ones", () => {
  for (const { successes, n, confidence, lower, upper } of cases) {
    const bounds = edgeBounds(successes / n, n, confidence);
    assertClose(bounds.lower, lower, 1e-12, `lower of ${successes}/${n}`);
    assertClose(bounds.upper, upper, 1e-12, `upper of ${successes}/${n}`);
  }
});

Deno.test("ten of ten right is 1 with a lower bound of 0.69, not an interval from 1 to 1", () => {
  const truth = [0, 0, 0, 0, 1, 1, 1, 1, 1, 1];
  const { metrics } = evaluatePredictions(group(truth, truth), options);
  const { lower, upper, standard_error } = metrics.accuracy;
  assertClose(lower, 0.6915028921812371, 1e-12, "lower");
  assertEquals([upper, standard_error], [1, NaN]);
  const patients = 0.025 ** (1 / 4), others = 0.025 ** (1 / 6);
  assertClose(metrics.sensitivity.lower, patients, 1e-12, "sensitivity, of four");
  assertClose(metrics.specificity.lower, others, 1e-12, "specificity, of six");
  assertClose(metrics.BA.lower, (patients + others) / 2, 1e-12, "balanced accuracy");
  // They are no proportions of people.
  for (const name of ["MCC", "ROC_AUC", "F1_score"]) {
    assertEquals([metrics[name].value, metrics[name].lower], [1, NaN], name);
  }
});

Deno.test("sessions of one participant count once in the interval of a group without a mistake", () => {
  const truth = [0, 0, 0, 1, 1, 1];
  const people = ["a", "a", "a", "b", "b", "c"];
  const { metrics } = evaluatePredictions(group(truth, truth, people), options);
  assertClose(metrics.accuracy.lower, 0.025 ** (1 / 3), 1e-12, "accuracy");
  assertClose(metrics.specificity.lower, 0.025 ** (1 / 2), 1e-12, "specificity");
});

Deno.test("resamples without one of three patients of twenty are left out and counted", () => {
  const truth = Array.from({ length: 20 }, (_, row) => row < 3 ? 0 : 1);
  const predicted = truth.with(0, 1).with(5, 0);
  const { metrics } = evaluatePredictions(group(truth, predicted), options);
  // (17/20)^20 of 3000, within four standard deviations.
  assert(Math.abs(metrics.sensitivity.undefined_resamples - 116.3) < 43);
  assertEquals(metrics.BA.undefined_resamples, metrics.sensitivity.undefined_resamples);
  assertEquals([metrics.accuracy.undefined_resamples, metrics.accuracy.value], [0, 0.9]);
  const allFound = evaluatePredictions(group(truth, truth.with(5, 0)), options).metrics;
  assertClose(allFound.sensitivity.lower, 0.025 ** (1 / 3), 1e-12, "sensitivity of three of three");
});

Deno.test("a test set with one class has no metrics that need the other", () => {
  const { metrics } = evaluatePredictions(group([0, 0, 0, 0], [0, 0, 0, 1]), options);
  for (const name of ["BA", "specificity", "MCC", "ROC_AUC"]) {
    assertEquals([metrics[name].value, metrics[name].lower], [NaN, NaN], name);
    assertEquals(metrics[name].undefined_resamples, 3000, name);
  }
  assertEquals([metrics.accuracy.value, metrics.sensitivity.value], [0.75, 0.75]);
});

Deno.test("ClinicaDL's metrics count undefined resamples as 0, and have no exact intervals", () => {
  const truth = [0, 0, 0, 0, 1, 1, 1, 1, 1, 1];
  const { metrics } = evaluatePredictions(group(truth, truth), options, "zero");
  const { lower, upper, undefined_resamples } = metrics.accuracy;
  assertEquals([lower, upper, undefined_resamples], [1, 1, 0]);
  const oneClass = evaluatePredictions(group([0, 0], [0, 0]), options, "zero").metrics;
  assertEquals([oneClass.BA.value, oneClass.specificity.value], [0.5, 0]);
});

Deno.test("R2 of resamples with one value only is undefined", () => {
  const { metrics } = evaluatePredictions({
    ...group([0.1, 0.1, 0.7], [0, 0, 0]),
    predictedLabels: Float64Array.of(0.1, 0.2, 0.6),
    classes: 0,
    probabilities: new Float64Array(0),
  }, options);
  // The two equal values or the third alone: (2/3)^3 + (1/3)^3.
  assertClose(metrics.R2_score.undefined_resamples / 3000, 1 / 3, 0.035, "R2");
  assertEquals(metrics.MAE.undefined_resamples, 0);
});
