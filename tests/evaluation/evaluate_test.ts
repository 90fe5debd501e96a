import { assert, assertEquals } from "@std/assert";
import { evaluateFolds, evaluatePredictions } from "../../src/evaluation/evaluate.ts";
import { selectRows } from "../../src/evaluation/predictions.ts";
import { assertClose, assertMetrics, metrics, predictionsOf } from "./fixtures.ts";

const options = { seed: 0, resamples: 200, confidence: 0.95 };

metrics.classification.forEach((fixture, i) => {
  Deno.test(`evaluatePredictions gives every metric with an interval around it (${i})`, () => {
    const result = evaluatePredictions(predictionsOf(fixture), options);
    const values = Object.fromEntries(
      Object.entries(result.metrics).map(([name, { value }]) => [name, value]),
    );
    assertEquals(Object.keys(values).sort(), Object.keys(fixture.expected).sort());
    assertMetrics(values, fixture.expected);
    assertEquals(result.confusion_matrix, fixture.confusion_matrix);
    assertEquals(result.curves?.length, fixture.classes === 2 ? 1 : fixture.classes);
    for (const [name, { value, lower, upper, standard_error }] of Object.entries(result.metrics)) {
      // The bootstrapped ECE is biased upwards, so its interval may lie above it.
      if (name !== "ECE") assert(lower <= value && value <= upper, name);
      assert(standard_error > 0, name);
    }
  });
});

Deno.test("evaluateFolds gives each fold, all rows pooled, and mean and deviation over folds", () => {
  const whole = predictionsOf(metrics.classification[0]);
  const rows = whole.participants.map((_, row) => row);
  const folds = [0, 1, 2].map((fold) => ({
    fold: String(fold),
    predictions: selectRows(whole, rows.filter((row) => row % 3 === fold)),
  }));
  const { folds: results, pooled, summary } = evaluateFolds(folds, options);
  assertEquals(results.map(({ fold, result }) => [fold, result.rows]), [
    ["0", 20],
    ["1", 20],
    ["2", 20],
  ]);
  assertClose(pooled.metrics.BA.value, metrics.classification[0].expected.BA, 1e-12, "pooled BA");
  const [a, b, c] = results.map(({ result }) => result.metrics.BA.value);
  const mean = (a + b + c) / 3;
  assertClose(summary.BA.mean, mean, 1e-14, "mean");
  const sd = Math.sqrt(((a - mean) ** 2 + (b - mean) ** 2 + (c - mean) ** 2) / 2);
  assertClose(summary.BA.sd, sd, 1e-14, "sd");
});

Deno.test("evaluatePredictions gives regression its three metrics and the pairs they come from", () => {
  const { truth, predicted, expected } = metrics.regression;
  const result = evaluatePredictions({
    participants: truth.map((_, row) => `sub-${row}`),
    sessions: truth.map(() => "ses-M000"),
    elements: truth.map(() => 0),
    trueLabels: Float64Array.from(truth),
    predictedLabels: Float64Array.from(predicted),
    classes: 0,
    probabilities: new Float64Array(0),
  }, options);
  assertEquals(Object.keys(result.metrics), ["MAE", "RMSE", "R2_score"]);
  assertClose(result.metrics.RMSE.value, expected.RMSE, 1e-12, "RMSE");
  assertEquals(result.scatter, { true_label: truth, predicted_label: predicted });
  assertEquals(result.confusion_matrix, undefined);
});
