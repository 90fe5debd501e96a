/**
 * The joint histogram of fixed and moving intensities by Parzen windows (Thevenaz and Unser 2000, in
 * the form of Mattes 2003): a box for the fixed image, whose intensities do not change during the
 * registration, and the cubic B-spline for the moving image, which makes the histogram a smooth
 * function of the transform.
 */
import { BINS, LAST_BIN } from "./bins.ts";

/**
 * Adds samples: six times the weight of the window, so that all entries sum to 6 a sample.
 *
 * @param fixedBins integers
 * @param movingBins fractional; NaN for samples that do not count
 * @param histogram 32 rows of fixed bins by 32 columns of moving bins
 * @returns how many samples were added
 */
export function addToHistogram(
  fixedBins: Uint8Array,
  movingBins: Float64Array,
  histogram: Float64Array,
): number {
  let added = 0;
  for (let sample = 0; sample < fixedBins.length; sample++) {
    const bin = movingBins[sample];
    if (Number.isNaN(bin)) continue;
    added++;
    const column = Math.min(LAST_BIN, bin | 0);
    const at = BINS * fixedBins[sample] + column - 1;
    const f = bin - column;
    const g = 1 - f;
    histogram[at] += g * g * g;
    histogram[at + 1] += 4 - 6 * f * f + 3 * f * f * f;
    histogram[at + 2] += 4 - 6 * g * g + 3 * g * g * g;
    histogram[at + 3] += f * f * f;
  }
  return added;
}

/**
 * The derivative by the moving bin of one sample of six times the window-weighted sum of `row`: the
 * table's entries of the sample's fixed bin, at the four columns that the window reaches.
 *
 * @param table 32 by 32, as the histogram
 * @param movingBin fractional
 */
export function windowSlope(table: Float64Array, fixedBin: number, movingBin: number): number {
  const column = Math.min(LAST_BIN, movingBin | 0);
  const at = BINS * fixedBin + column - 1;
  const f = movingBin - column;
  const g = 1 - f;
  return -3 * g * g * table[at] + (9 * f * f - 12 * f) * table[at + 1] +
    (12 * g - 9 * g * g) * table[at + 2] + 3 * f * f * table[at + 3];
}
