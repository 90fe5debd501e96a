import { assertEquals } from "@std/assert";
import { regressionMetrics } from "../../src/evaluation/regression_metrics.ts";
import { assertMetrics, metrics } from "./fixtures.ts";

Deno.test("regressionMetrics agrees with scikit-learn, weighted or not", () => {
  const { truth, predicted, expected, weights, weighted } = metrics.regression;
  assertMetrics(regressionMetrics(truth, predicted), expected);
  assertMetrics(regressionMetrics(truth, predicted, weights), weighted);
});

Deno.test("regressionMetrics gives an R2_score of 0 where all true values are equal", () => {
  assertEquals(regressionMetrics([3, 3], [2, 4]), { MAE: 1, RMSE: 1, R2_score: 0 });
});
