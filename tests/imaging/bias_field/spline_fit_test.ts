import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { emptyLattice } from "../../../src/imaging/bias_field/lattice.ts";
import { addFit, fittingBasis } from "../../../src/imaging/bias_field/spline_fit.ts";
import { denseWeights, gridBases, randomLattice, randomValues } from "./random_lattice.ts";

const SPANS = [2, 1, 3];
const COUNTS = [5, 3, 6];
const SAMPLES = randomValues(5 * 3 * 6, 3);

/** Σ_s w³ z / (Σ_k w²) / Σ_s w² of every control point, from all weights of all samples. */
function denseFit(weights: readonly number[][]): number[] {
  const squares = weights.map((row) => row.reduce((sum, w) => sum + w * w, 0));
  return weights[0].map((_, c) => {
    let numerator = 0;
    let denominator = 0;
    weights.forEach((row, s) => {
      numerator += row[c] ** 3 * SAMPLES[s] / squares[s];
      denominator += row[c] ** 2;
    });
    return denominator === 0 ? 0 : numerator / denominator;
  });
}

Deno.test("the fit of a grid is the formula of scattered samples", () => {
  const bases = gridBases(COUNTS, SPANS);
  const lattice = emptyLattice(SPANS);
  addFit(lattice, SAMPLES, bases.map(fittingBasis));
  const dense = denseFit(denseWeights(bases));
  assertEquals(lattice.values.length, dense.length);
  dense.forEach((value, c) => assertAlmostEquals(lattice.values[c], value, 1e-12));
  assert(Math.max(...dense) > 0.05);
});

Deno.test("a fit is added to the control points that are there", () => {
  const fitting = gridBases(COUNTS, SPANS).map(fittingBasis);
  const [empty, filled] = [emptyLattice(SPANS), randomLattice(SPANS, 4)];
  const before = filled.values.slice();
  addFit(empty, SAMPLES, fitting);
  addFit(filled, SAMPLES, fitting);
  filled.values.forEach((value, c) =>
    assertAlmostEquals(value, before[c] + empty.values[c], 1e-14)
  );
});

Deno.test("control points that no sample reaches stay 0", () => {
  // Positions of 0.1 and more of eight spans: none in the first, which control point 0 ends with.
  const bases = gridBases(COUNTS, [16, 1, 1]);
  const lattice = emptyLattice([16, 1, 1]);
  addFit(lattice, SAMPLES, bases.map(fittingBasis));
  assertEquals(lattice.values[0], 0);
  assert(lattice.values.every(Number.isFinite));
});
