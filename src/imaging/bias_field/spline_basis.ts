/**
 * The uniform cubic B-spline basis. A domain of n spans has n + 3 control points; at the fraction f of
 * span i, the control points i to i + 3 have the weights
 *
 *     (1 - f)^3 / 6,  (4 - 6 f^2 + 3 f^3) / 6,  (4 - 6 (1 - f)^2 + 3 (1 - f)^3) / 6,  f^3 / 6.
 */
export interface SplineBasis {
  /** Along the axis: spans + 3. */
  controlPoints: number;
  /** The first of the four control points of each position. */
  first: Int32Array;
  /** Four weights a position, which add up to 1. */
  weights: Float64Array;
}

/** @param positions in the domain, 0 to 1 */
export function splineBasis(positions: Float64Array, spans: number): SplineBasis {
  const first = new Int32Array(positions.length);
  const weights = new Float64Array(4 * positions.length);
  positions.forEach((position, at) => {
    const u = position * spans;
    const span = Math.min(Math.floor(u), spans - 1);
    const f = u - span;
    const g = 1 - f;
    first[at] = span;
    weights[4 * at] = g ** 3 / 6;
    weights[4 * at + 1] = (4 - 6 * f ** 2 + 3 * f ** 3) / 6;
    weights[4 * at + 2] = (4 - 6 * g ** 2 + 3 * g ** 3) / 6;
    weights[4 * at + 3] = f ** 3 / 6;
  });
  return { controlPoints: spans + 3, first, weights };
}
