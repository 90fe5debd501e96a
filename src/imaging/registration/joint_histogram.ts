/**
 * The joint histogram of fixed and moving intensities by Parzen windows (Thevenaz and Unser 2000, in
 * the form of Mattes 2003): a box for the fixed image, whose intensities do not change during the
 * registration, and the cubic B-spline for the moving image, which makes the histogram a smooth
 * function of the transform.
 */
import { BINS, LAST_BIN } from "./bins.ts";

/**
 * Adds samples: six times their windows, so that all entries sum to 6 a sample of weight 1.
 *
 * @param fixedBins integers
 * @param movingBins fractional
 * @param weights of the samples
 * @param histogram 32 rows of fixed bins by 32 columns of moving bins
 * @returns sum of the weights
 */
export function addToHistogram(
  fixedBins: Uint8Array,
  movingBins: Float64Array,
  weights: Float64Array,
  histogram: Float64Array,
): number {
  let total = 0;
  for (let sample = 0; sample < fixedBins.length; sample++) {
    const weight = weights[sample];
    if (weight === 0) continue;
    total += weight;
    const bin = movingBins[sample];
    const column = Math.min(LAST_BIN, bin | 0);
    const at = BINS * fixedBins[sample] + column - 1;
    const f = bin - column;
    const g = 1 - f;
    histogram[at] += weight * (g * g * g);
    histogram[at + 1] += weight * (4 - 6 * f * f + 3 * f * f * f);
    histogram[at + 2] += weight * (4 - 6 * g * g + 3 * g * g * g);
    histogram[at + 3] += weight * (f * f * f);
  }
  return total;
}

/**
 * Six times the sum of the entries of a table by the window of one sample: in the row of its fixed bin,
 * at the four columns that the window reaches.
 *
 * @param table 32 by 32, as the histogram
 * @param movingBin fractional
 */
export function windowSum(table: Float64Array, fixedBin: number, movingBin: number): number {
  const column = Math.min(LAST_BIN, movingBin | 0);
  const at = BINS * fixedBin + column - 1;
  const f = movingBin - column;
  const g = 1 - f;
  return g * g * g * table[at] + (4 - 6 * f * f + 3 * f * f * f) * table[at + 1] +
    (4 - 6 * g * g + 3 * g * g * g) * table[at + 2] + f * f * f * table[at + 3];
}

/** The derivative of {@link windowSum} by the moving bin. */
export function windowSlope(table: Float64Array, fixedBin: number, movingBin: number): number {
  const column = Math.min(LAST_BIN, movingBin | 0);
  const at = BINS * fixedBin + column - 1;
  const f = movingBin - column;
  const g = 1 - f;
  return -3 * g * g * table[at] + (9 * f * f - 12 * f) * table[at + 1] +
    (12 * g - 9 * g * g) * table[at + 2] + 3 * f * f * table[at + 3];
}
