/** Calibration: whether predictions of confidence p are right in a fraction p of cases. */

interface CalibrationBin {
  /** Confidences in (lower, upper]. */
  lower: number;
  upper: number;
  /** Rows. */
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

/** Rows in bins by the probability of their predicted class; computed once, used for any weights. */
interface Binning {
  bins: number;
  /** Index of each row's bin. */
  bin: Uint32Array;
  confidences: ArrayLike<number>;
  correct: ArrayLike<number>;
  /** Overwritten by each use, so that thousands of resamples allocate nothing. */
  sums: BinSums;
}

/** Weighted sums of each bin: rows, confidences and right predictions. */
interface BinSums {
  count: Float64Array;
  confidence: Float64Array;
  accuracy: Float64Array;
}

/**
 * Assigns rows to bins of equal width over (0, 1].
 *
 * @param confidences probability of the predicted class, one a row
 * @param correct 1 where the prediction is right
 */
export function binRows(
  confidences: ArrayLike<number>,
  correct: ArrayLike<number>,
  bins: number,
): Binning {
  const bin = Uint32Array.from(
    confidences,
    (confidence) => Math.min(bins - 1, Math.max(0, Math.ceil(confidence * bins) - 1)),
  );
  const [count, confidence, accuracy] = [0, 1, 2].map(() => new Float64Array(bins));
  return { bins, bin, confidences, correct, sums: { count, confidence, accuracy } };
}

/**
 * Expected calibration error.
 *
 * @param weights of the rows; 1 each when absent
 */
export function calibrationError(binning: Binning, weights?: ArrayLike<number>): number {
  const { count, confidence, accuracy } = sumBins(binning, weights);
  let [total, error] = [0, 0];
  for (let bin = 0; bin < binning.bins; bin++) {
    total += count[bin];
    error += Math.abs(accuracy[bin] - confidence[bin]);
  }
  return error / total;
}

/** Expected calibration error, and the bins of the calibration diagram. */
export function calibration(binning: Binning): Calibration {
  const ECE = calibrationError(binning);
  const { bins, sums: { count, confidence, accuracy } } = binning;
  return {
    ECE,
    bins: Array.from(count, (rows, bin) => ({
      lower: bin / bins,
      upper: (bin + 1) / bins,
      count: rows,
      confidence: rows === 0 ? 0 : confidence[bin] / rows,
      accuracy: rows === 0 ? 0 : accuracy[bin] / rows,
    })),
  };
}

function sumBins(
  { bin, confidences, correct, sums }: Binning,
  weights?: ArrayLike<number>,
): BinSums {
  const { count, confidence, accuracy } = sums;
  for (const each of [count, confidence, accuracy]) each.fill(0);
  for (let row = 0; row < bin.length; row++) {
    const weight = weights?.[row] ?? 1;
    count[bin[row]] += weight;
    confidence[bin[row]] += weight * confidences[row];
    accuracy[bin[row]] += weight * correct[row];
  }
  return sums;
}
