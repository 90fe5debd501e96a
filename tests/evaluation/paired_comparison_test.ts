import { assert, assertEquals } from "@std/assert";
import { comparePaired } from "../../src/evaluation/paired_comparison.ts";
import type { Predictions } from "../../src/evaluation/predictions.ts";
import { assertClose, metrics, pairedTests, predictionsOf } from "./fixtures.ts";

const options = { seed: 1, resamples: 3000, confidence: 0.95 };

/** Decisions of two classes that are sure of themselves. */
function decisions(truth: readonly number[], predicted: readonly number[]): Predictions {
  return {
    participants: truth.map((_, row) => `sub-${row}`),
    sessions: truth.map(() => ""),
    elements: truth.map(() => 0),
    trueLabels: Float64Array.from(truth),
    predictedLabels: Float64Array.from(predicted),
    classes: 2,
    probabilities: Float64Array.from(predicted.flatMap((label) => label === 0 ? [1, 0] : [0, 1])),
  };
}

Deno.test("the interval of a difference is that of SciPy's paired bootstrap", () => {
  const { truth, first, second, ...expected } = pairedTests.bootstrap;
  const differences = comparePaired(decisions(truth, first), decisions(truth, second), options);
  const accuracy = differences.find(({ metric }) => metric === "accuracy")!;
  assertClose(accuracy.difference, expected.difference, 1e-12, "difference");
  assertClose(accuracy.lower, expected.lower, 0.02, "lower");
  assertClose(accuracy.upper, expected.upper, 0.02, "upper");
  assertClose(accuracy.standard_error, expected.standard_error, 0.003, "standard error");
  // An unpaired interval would be this wide.
  assert(accuracy.standard_error < 0.07);
  assertEquals(accuracy.test?.name, "McNemar");
});

Deno.test("a model compared with itself differs in nothing, and no interval states how surely", () => {
  const [fixture] = metrics.classification;
  const predictions = predictionsOf(fixture);
  for (const found of comparePaired(predictions, predictions, options)) {
    assertEquals([found.difference, found.lower, found.test?.p ?? 1], [0, NaN, 1], found.metric);
  }
});

Deno.test("more than two classes are compared class by class, regressions by their errors", () => {
  const fixture = metrics.classification.find(({ classes }) => classes > 2)!;
  const predictions = predictionsOf(fixture);
  const names = (one: Predictions) =>
    comparePaired(one, one, { ...options, resamples: 10 }).map(({ metric }) => metric);
  assertEquals(
    names(predictions).filter((name) => name.startsWith("ROC")),
    Array.from({ length: fixture.classes }, (_, label) => `ROC_AUC-${label}`),
  );
  assertEquals(names({ ...predictions, classes: 0, probabilities: new Float64Array() }), [
    "MAE",
    "RMSE",
    "R2_score",
  ]);
});
