/** Losses of predictions, for those losses that need no logits. */
import { mean } from "./bootstrap.ts";
import type { Predictions } from "./predictions.ts";

/**
 * The mean over rows: of `CrossEntropyLoss` −ln p of the true class, of `MSELoss` and `L1Loss` the
 * squared and absolute error, of a reconstruction by its RMSE and MAE. NaN for other losses, which can't be computed from predictions.
 *
 * @param loss PyTorch's class
 */
export function meanLossOfPredictions(loss: string, predictions: Predictions): number {
  const { trueLabels, predictedLabels, classes, probabilities, scores } = predictions;
  if (scores) {
    const errors = loss === "MSELoss"
      ? scores.RMSE?.map((value) => value ** 2)
      : loss === "L1Loss"
      ? scores.MAE
      : undefined;
    return errors ? mean(errors) : NaN;
  }
  let sum = 0;
  for (let row = 0; row < trueLabels.length; row++) {
    const error = predictedLabels[row] - trueLabels[row];
    if (loss === "CrossEntropyLoss") {
      sum -= Math.log(probabilities[row * classes + trueLabels[row]]);
    } else if (loss === "MSELoss") sum += error * error;
    else if (loss === "L1Loss") sum += Math.abs(error);
    else return NaN;
  }
  return sum / trueLabels.length;
}
