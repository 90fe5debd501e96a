/** Metrics of regression with ClinicaDL's names. */
import type { UndefinedValue } from "./classification_metrics.ts";

/**
 * MAE = mean |e|, RMSE = √(mean e²), R2_score = 1 − Σe² / Σ(y − ȳ)², which is undefined when
 * all y are equal.
 *
 * @param weights of the rows; 1 each when absent
 */
export function regressionMetrics(
  trueValues: ArrayLike<number>,
  predictedValues: ArrayLike<number>,
  weights?: ArrayLike<number>,
  undefinedValue: UndefinedValue = "zero",
): Record<"MAE" | "RMSE" | "R2_score", number> {
  let total = 0, sum = 0, absolute = 0, squared = 0;
  let [least, most] = [Infinity, -Infinity];
  for (let row = 0; row < trueValues.length; row++) {
    const weight = weights?.[row] ?? 1;
    const error = predictedValues[row] - trueValues[row];
    total += weight;
    sum += weight * trueValues[row];
    absolute += weight * Math.abs(error);
    squared += weight * error * error;
    if (weight === 0) continue;
    least = Math.min(least, trueValues[row]);
    most = Math.max(most, trueValues[row]);
  }
  const mean = sum / total;
  let spread = 0;
  for (let row = 0; row < trueValues.length; row++) {
    spread += (weights?.[row] ?? 1) * (trueValues[row] - mean) ** 2;
  }
  return {
    MAE: absolute / total,
    RMSE: Math.sqrt(squared / total),
    // Rounding of the mean may leave a spread of equal values.
    R2_score: undefinedValue === "nan" && least === most
      ? NaN
      : spread === 0
      ? 0
      : 1 - squared / spread,
  };
}
