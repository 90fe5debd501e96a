/** Random control points, samples and bases of small grids. */
import { emptyLattice, type Lattice } from "../../../src/imaging/bias_field/lattice.ts";
import { type SplineBasis, splineBasis } from "../../../src/imaging/bias_field/spline_basis.ts";
import { Random } from "../../../src/random.ts";

export function randomValues(length: number, seed: number): Float64Array {
  const random = new Random(seed, 0);
  return Float64Array.from({ length }, () => random.uniform(-1, 1));
}

export function randomLattice(spans: readonly number[], seed: number): Lattice {
  const lattice = emptyLattice(spans);
  lattice.values.set(randomValues(lattice.values.length, seed));
  return lattice;
}

/** Bases of evenly spaced positions within part of the domain. */
export function gridBases(counts: readonly number[], spans: readonly number[]): SplineBasis[] {
  return counts.map((count, axis) =>
    splineBasis(
      Float64Array.from({ length: count }, (_, i) => 0.1 + 0.9 * i / (count - 1)),
      spans[axis],
    )
  );
}

/** The weight of each control point at each position of the grid, as one dense matrix. */
export function denseWeights(bases: readonly SplineBasis[]): number[][] {
  const [x, y, z] = bases.map(({ first, weights, controlPoints }) =>
    Array.from(first, (start, position) => {
      const row = new Array<number>(controlPoints).fill(0);
      for (let k = 0; k < 4; k++) row[start + k] = weights[4 * position + k];
      return row;
    })
  );
  return z.flatMap((wz) =>
    y.flatMap((wy) => x.map((wx) => wz.flatMap((c) => wy.flatMap((b) => wx.map((a) => a * b * c)))))
  );
}
