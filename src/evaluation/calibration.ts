/** Calibration: whether predictions made with confidence p are right in a share p of cases. */

export interface CalibrationBin {
  /** Confidences in (lower, upper]. */
  lower: number;
  upper: number;
  /** Rows, or their weight. */
  count: number;
  /** Means over the rows; 0 in an empty bin. */
  confidence: number;
  accuracy: number;
}

export interface Calibration {
  /** Expected calibration error Σ (nᵦ/n) |accuracyᵦ − confidenceᵦ| (Guo et al., ICML 2017). */
  ECE: number;
  bins: CalibrationBin[];
}

/**
 * Bins rows by the probability of their predicted class.
 *
 * @param confidences probability of the predicted class, one a row
 * @param correct 1 where the prediction is right
 * @param weights of the rows; 1 each when absent
 */
export function calibration(
  confidences: ArrayLike<number>,
  correct: ArrayLike<number>,
  bins: number,
  weights?: ArrayLike<number>,
): Calibration {
  const count = new Float64Array(bins);
  const confidence = new Float64Array(bins);
  const accuracy = new Float64Array(bins);
  let total = 0;
  for (let row = 0; row < confidences.length; row++) {
    const weight = weights?.[row] ?? 1;
    const bin = Math.min(bins - 1, Math.max(0, Math.ceil(confidences[row] * bins) - 1));
    total += weight;
    count[bin] += weight;
    confidence[bin] += weight * confidences[row];
    accuracy[bin] += weight * correct[row];
  }
  let error = 0;
  for (let bin = 0; bin < bins; bin++) error += Math.abs(accuracy[bin] - confidence[bin]);
  return {
    ECE: error / total,
    bins: Array.from(count, (rows, bin) => ({
      lower: bin / bins,
      upper: (bin + 1) / bins,
      count: rows,
      confidence: rows === 0 ? 0 : confidence[bin] / rows,
      accuracy: rows === 0 ? 0 : accuracy[bin] / rows,
    })),
  };
}
