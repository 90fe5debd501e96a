/**
 * Mattes mutual information of two images under a transform, its gradient, and the Gauss-Newton matrix
 * of the moving intensities.
 *
 * With p(f, m) the normalised joint histogram and p(f), p(m) its sums over rows and columns,
 *
 *     MI = sum over f, m of p(f, m) log( p(f, m) / (p(f) p(m)) )                          [nats]
 *     dMI/dT = 1/N sum over samples s, bins m of w'(u_s - m) du_s/dT log( p(f_s, m) / p(m) )
 *
 * where u_s is the fractional moving bin of sample s, f_s its fixed bin, w the cubic B-spline and N the
 * number of samples that count (Mattes, Haynor, Vesselle, Lewellen, Eubank 2003, equations 4 to 9;
 * Thevenaz, Unser 2000). The change of N where samples enter or leave the moving image is left out.
 *
 * A transform T maps x, mm from the centre of rotation in the fixed world, to T (x, 1), mm in the
 * moving world. Derivatives are by its upper twelve entries, row by row.
 */
import type { Affine } from "../nifti/affine.ts";
import type { ScalarImage } from "../scalar_image.ts";
import { BINS } from "./bins.ts";
import type { FixedSamples } from "./fixed_samples.ts";
import { addToHistogram, windowSlope } from "./joint_histogram.ts";
import { MovingSamples, type Outside } from "./moving_samples.ts";

/** Entries of a transform that vary. */
export const ENTRIES = 12;

/** With a smaller share of the samples inside the moving image the images can't be compared. */
export const LEAST_OVERLAP = 0.1;

/** Mutual information of two images, computed on this thread at once or elsewhere and later. */
export interface InformationMeasure {
  /** In nats; -Infinity where fewer than a tenth of the samples lie inside the moving image. */
  evaluate(transform: Affine): number | Promise<number>;
  /** Twelve derivatives at the transform that was evaluated last: nats per mm, or per 1. */
  gradient(): Float64Array | Promise<Float64Array>;
  /** See {@link gaussNewtonMatrix}; at the transform that was evaluated last. */
  gaussNewtonMatrix(): Float64Array | Promise<Float64Array>;
}

export class MutualInformation implements InformationMeasure {
  readonly #fixed: FixedSamples;
  readonly #moving: MovingSamples;
  readonly #histogram = new Float64Array(BINS * BINS);
  /** log( p(f, m) / p(m) ) of the last evaluation. */
  readonly #logRatios = new Float64Array(BINS * BINS);
  /** Samples that counted in the last evaluation. */
  #count = 0;

  constructor(fixed: FixedSamples, moving: ScalarImage, outside: Outside) {
    this.#fixed = fixed;
    this.#moving = new MovingSamples(moving, fixed.count, outside);
  }

  evaluate(transform: Affine): number {
    const inside = this.#moving.interpolate(this.#fixed.positions, transform);
    if (inside < LEAST_OVERLAP * this.#fixed.count) return -Infinity;
    this.#histogram.fill(0);
    this.#count = addToHistogram(this.#fixed.bins, this.#moving.bins, this.#histogram);
    return informationOf(this.#histogram, this.#logRatios);
  }

  gradient(): Float64Array {
    const { positions, bins } = this.#fixed;
    const moving = this.#moving;
    const sums = new Float64Array(ENTRIES);
    let [s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11] = sums;
    for (let sample = 0, p = 0; sample < bins.length; sample++, p += 3) {
      const bin = moving.bins[sample];
      if (Number.isNaN(bin)) continue;
      const slope = windowSlope(this.#logRatios, bins[sample], bin);
      const x = positions[p], y = positions[p + 1], z = positions[p + 2];
      const right = slope * moving.slopes[p];
      const anterior = slope * moving.slopes[p + 1];
      const superior = slope * moving.slopes[p + 2];
      s0 += right * x;
      s1 += right * y;
      s2 += right * z;
      s3 += right;
      s4 += anterior * x;
      s5 += anterior * y;
      s6 += anterior * z;
      s7 += anterior;
      s8 += superior * x;
      s9 += superior * y;
      s10 += superior * z;
      s11 += superior;
    }
    sums.set([s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11]);
    return sums.map((sum) => sum / (6 * this.#count));
  }

  gaussNewtonMatrix(): Float64Array {
    return gaussNewtonMatrix(this.#fixed.positions, this.#moving.slopes, this.#count);
  }
}

/**
 * 1/N sum over samples of (du/dT) (du/dT)^T, 12 by 12: how strongly moving bins change with each entry
 * of the transform.
 *
 * @param positions x, y, z of one sample after another
 * @param slopes derivatives of its moving bin along right, anterior and superior; 0 outside the image
 * @param count N, samples that count
 */
export function gaussNewtonMatrix(
  positions: Float32Array,
  slopes: Float32Array,
  count: number,
): Float64Array {
  const matrix = new Float64Array(ENTRIES * ENTRIES);
  const derivative = new Float64Array(ENTRIES);
  for (let p = 0; p < positions.length; p += 3) {
    for (let row = 0; row < 3; row++) {
      const slope = slopes[p + row];
      for (let axis = 0; axis < 3; axis++) {
        derivative[4 * row + axis] = slope * positions[p + axis];
      }
      derivative[4 * row + 3] = slope;
    }
    for (let a = 0; a < ENTRIES; a++) {
      for (let b = 0; b <= a; b++) matrix[ENTRIES * a + b] += derivative[a] * derivative[b];
    }
  }
  for (let a = 0; a < ENTRIES; a++) {
    for (let b = 0; b <= a; b++) {
      matrix[ENTRIES * b + a] = matrix[ENTRIES * a + b] /= count;
    }
  }
  return matrix;
}

/**
 * Mutual information of a histogram.
 *
 * @param histogram of any sum
 * @param logRatios receives log( p(f, m) / p(m) ), 0 in empty bins
 */
export function informationOf(histogram: Float64Array, logRatios: Float64Array): number {
  let total = 0;
  const rows = new Float64Array(BINS);
  const columns = new Float64Array(BINS);
  for (let at = 0; at < histogram.length; at++) {
    total += histogram[at];
    rows[Math.floor(at / BINS)] += histogram[at];
    columns[at % BINS] += histogram[at];
  }
  let information = 0;
  for (let at = 0; at < histogram.length; at++) {
    const joint = histogram[at];
    if (joint === 0) {
      logRatios[at] = 0;
      continue;
    }
    logRatios[at] = Math.log(joint / columns[at % BINS]);
    information += joint * (logRatios[at] - Math.log(rows[Math.floor(at / BINS)] / total));
  }
  return information / total;
}
