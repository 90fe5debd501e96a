/**
 * Mattes mutual information of two images under a transform, its gradient, and the Gauss-Newton matrix
 * of the moving intensities.
 *
 * With v_s the weight of sample s, u_s its fractional moving bin, f_s its fixed bin, w the cubic
 * B-spline, V the sum of all weights, and p(f), p(m) the sums of p over rows and columns,
 *
 *     p(f, m) = 1/V sum over samples s with f_s = f of v_s w(u_s - m)
 *     MI = sum over f, m of p(f, m) log( p(f, m) / (p(f) p(m)) )                          [nats]
 *     L(f, m) = log( p(f, m) / (p(f) p(m)) ) - MI
 *     dMI/dT = 1/V sum over s, m of ( v_s w'(u_s - m) du_s/dT + w(u_s - m) dv_s/dT ) L(f_s, m)
 *
 * (Mattes, Haynor, Vesselle, Lewellen, Eubank 2003, equations 4 to 9; Thevenaz, Unser 2000). Theirs has
 * neither weights nor, in L, the terms of p(f) and MI. These cancel in the first half of the sum, as w'
 * sums to 0 over m. In the second they make the derivative of V: a sample that gains weight raises MI
 * where it is more informative than the mean. Where samples outside count as background, all weights are
 * 1, and the jump of a sample's bin to that of the background is left out.
 *
 * A transform T maps x, mm from the centre of rotation in the fixed world, to T (x, 1), mm in the
 * moving world. Derivatives are by its upper twelve entries, row by row.
 */
import type { Affine } from "../nifti/affine.ts";
import type { ScalarImage } from "../scalar_image.ts";
import { BINS } from "./bins.ts";
import type { FixedSamples } from "./fixed_samples.ts";
import { addToHistogram, windowSlope, windowSum } from "./joint_histogram.ts";
import { MovingSamples, type Outside } from "./moving_samples.ts";

/** Entries of a transform that vary. */
export const ENTRIES = 12;

/** With a smaller share of the samples inside the moving image, by weight, images can't be compared. */
export const LEAST_OVERLAP = 0.1;

/** Mutual information of two images, computed on this thread at once or elsewhere and later. */
export interface InformationMeasure {
  /** In nats; -Infinity where less than a tenth of the samples lies inside the moving image. */
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
  /** L(f, m) of the last evaluation. */
  readonly #excess = new Float64Array(BINS * BINS);
  /** Sum of the weights in the last evaluation. */
  #weight = 0;

  constructor(fixed: FixedSamples, moving: ScalarImage, outside: Outside) {
    this.#fixed = fixed;
    this.#moving = new MovingSamples(moving, fixed.count, outside);
  }

  evaluate(transform: Affine): number {
    const inside = this.#moving.interpolate(this.#fixed.positions, transform);
    if (inside < LEAST_OVERLAP * this.#fixed.count) return -Infinity;
    this.#histogram.fill(0);
    const { bins, weights } = this.#moving;
    this.#weight = addToHistogram(this.#fixed.bins, bins, weights, this.#histogram);
    return informationOf(this.#histogram, this.#excess);
  }

  gradient(): Float64Array {
    const { positions, bins } = this.#fixed;
    const moving = this.#moving;
    const sums = new Float64Array(ENTRIES);
    let [s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11] = sums;
    for (let sample = 0, p = 0; sample < bins.length; sample++, p += 3) {
      const weight = moving.weights[sample];
      if (weight === 0) continue;
      const bin = moving.bins[sample];
      const byBin = weight * windowSlope(this.#excess, bins[sample], bin);
      let right = byBin * moving.slopes[p];
      let anterior = byBin * moving.slopes[p + 1];
      let superior = byBin * moving.slopes[p + 2];
      if (weight < 1) {
        const byWeight = windowSum(this.#excess, bins[sample], bin);
        right += byWeight * moving.weightSlopes[p];
        anterior += byWeight * moving.weightSlopes[p + 1];
        superior += byWeight * moving.weightSlopes[p + 2];
      }
      const x = positions[p], y = positions[p + 1], z = positions[p + 2];
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
    return sums.map((sum) => sum / (6 * this.#weight));
  }

  gaussNewtonMatrix(): Float64Array {
    return gaussNewtonMatrix(this.#fixed.positions, this.#moving.slopes);
  }
}

/**
 * Mean over all samples of (du/dT) (du/dT)^T, 12 by 12: how strongly moving bins change with each entry
 * of the transform.
 *
 * @param positions x, y, z of one sample after another
 * @param slopes derivatives of its moving bin along right, anterior and superior; 0 outside the image
 */
export function gaussNewtonMatrix(positions: Float32Array, slopes: Float32Array): Float64Array {
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
      matrix[ENTRIES * b + a] = matrix[ENTRIES * a + b] /= positions.length / 3;
    }
  }
  return matrix;
}

/**
 * Mutual information of a histogram.
 *
 * @param histogram of any sum
 * @param excess receives L(f, m), with a logarithm of 0 in empty bins
 */
export function informationOf(histogram: Float64Array, excess: Float64Array): number {
  let total = 0;
  const rows = new Float64Array(BINS);
  const columns = new Float64Array(BINS);
  for (let at = 0; at < histogram.length; at++) {
    total += histogram[at];
    rows[Math.floor(at / BINS)] += histogram[at];
    columns[at % BINS] += histogram[at];
  }
  let sum = 0;
  for (let at = 0; at < histogram.length; at++) {
    const joint = histogram[at];
    const independent = rows[Math.floor(at / BINS)] * columns[at % BINS] / total;
    excess[at] = joint === 0 ? 0 : Math.log(joint / independent);
    sum += joint * excess[at];
  }
  const information = sum / total;
  for (let at = 0; at < excess.length; at++) excess[at] -= information;
  return information;
}
