import { assert } from "@std/assert";
import { meanLossOfPredictions } from "../../src/evaluation/prediction_loss.ts";
import { assertClose, metrics, predictionsOf } from "./fixtures.ts";

Deno.test("meanLossOfPredictions is the mean of -ln p of the true class for cross-entropy", () => {
  const fixture = metrics.classification[2];
  const { truth, probabilities, classes } = fixture;
  const logs = truth.map((label, row) => Math.log(probabilities[row * classes + label]));
  const expected = -logs.reduce((sum, log) => sum + log, 0) / truth.length;
  assertClose(
    meanLossOfPredictions("CrossEntropyLoss", predictionsOf(fixture)),
    expected,
    1e-14,
    "loss",
  );
});

Deno.test("meanLossOfPredictions is the mean error of regression, and not a number where it can't be known", () => {
  const { truth, predicted, expected } = metrics.regression;
  const predictions = {
    ...predictionsOf(metrics.classification[0]),
    trueLabels: Float64Array.from(truth),
    predictedLabels: Float64Array.from(predicted),
  };
  assertClose(meanLossOfPredictions("MSELoss", predictions), expected.RMSE ** 2, 1e-12, "MSE");
  assertClose(meanLossOfPredictions("L1Loss", predictions), expected.MAE, 1e-12, "MAE");
  assert(Number.isNaN(meanLossOfPredictions("MultiMarginLoss", predictions)));
});
