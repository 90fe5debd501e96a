/**
 * Approximation of samples by a tensor product of cubic B-splines: Lee, Wolberg, Shin, "Scattered data
 * interpolation with multilevel B-splines", IEEE TVCG 3(3), 1997, with the weights of Tustison and Gee
 * as ITK has them.
 *
 * One sample z, with the weights w[c] of its control points, alone would set them to
 * φ[c] = w[c] z / Σ w². Where samples share a control point, its value is their mean by w[c]²:
 *
 *     φ[c] = Σ_s w[c,s]³ z[s] / (Σ_k w[k,s]²)  /  Σ_s w[c,s]².
 *
 * On a grid, w is a product over the axes, and so are both sums: φ is a product of one linear map an
 * axis, whose weights are computed once a level.
 */
import type { Lattice } from "./lattice.ts";
import type { SplineBasis } from "./spline_basis.ts";

/**
 * The basis of an axis with the weights of the fit, w³ / Σ_k w² / Σ_s w², in place of w. A control
 * point that no sample reaches stays 0.
 */
export function fittingBasis({ controlPoints, first, weights }: SplineBasis): SplineBasis {
  const ofControlPoint = new Float64Array(controlPoints);
  const ofSample = new Float64Array(first.length);
  weights.forEach((w, at) => {
    const sample = at >> 2;
    ofControlPoint[first[sample] + at % 4] += w * w;
    ofSample[sample] += w * w;
  });
  const fitting = weights.map((w, at) => {
    const sample = at >> 2;
    return w === 0 ? 0 : w ** 3 / ofSample[sample] / ofControlPoint[first[sample] + at % 4];
  });
  return { controlPoints, first, weights: fitting };
}

/**
 * Adds the control points that approximate the samples to a lattice.
 *
 * @param samples on the grid of the bases' positions, the first axis fastest
 * @param bases of x, y and z, with the weights of the fit
 */
export function addFit(
  lattice: Lattice,
  samples: Float64Array,
  [x, y, z]: readonly SplineBasis[],
): void {
  const [nx, ny] = lattice.shape;
  const line = new Float64Array(nx);
  const plane = new Float64Array(nx * ny);
  let at = 0;
  for (let k = 0; k < z.first.length; k++) {
    plane.fill(0);
    for (let j = 0; j < y.first.length; j++) {
      line.fill(0);
      for (let i = 0; i < x.first.length; i++, at++) {
        const first = x.first[i];
        const w = 4 * i;
        const value = samples[at];
        line[first] += x.weights[w] * value;
        line[first + 1] += x.weights[w + 1] * value;
        line[first + 2] += x.weights[w + 2] * value;
        line[first + 3] += x.weights[w + 3] * value;
      }
      distribute(line, y, j, plane);
    }
    distribute(plane, z, k, lattice.values);
  }
}

/** Adds a part, weighted, at each of the four control points of a position. */
function distribute(
  part: Float64Array,
  { first, weights }: SplineBasis,
  position: number,
  out: Float64Array,
): void {
  for (let k = 0; k < 4; k++) {
    const weight = weights[4 * position + k];
    const start = (first[position] + k) * part.length;
    for (let i = 0; i < part.length; i++) out[start + i] += weight * part[i];
  }
}
