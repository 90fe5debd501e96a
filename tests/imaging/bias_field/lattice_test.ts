import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { evaluateRows, type Lattice, refine } from "../../../src/imaging/bias_field/lattice.ts";
import type { SplineBasis } from "../../../src/imaging/bias_field/spline_basis.ts";
import { denseWeights, gridBases, randomLattice } from "./random_lattice.ts";

const SPANS = [1, 3, 2];
const COUNTS = [5, 4, 6];

function evaluate(lattice: Lattice, bases: readonly SplineBasis[]): Float64Array {
  const values = new Float64Array(COUNTS[0] * COUNTS[1] * COUNTS[2]).fill(NaN);
  evaluateRows(lattice, bases, (row, start) => values.set(row, start));
  return values;
}

Deno.test("a surface is the sum of its control points by their weights", () => {
  const lattice = randomLattice(SPANS, 1);
  const bases = gridBases(COUNTS, SPANS);
  const values = evaluate(lattice, bases);
  denseWeights(bases).forEach((weights, at) => {
    const direct = weights.reduce((sum, weight, c) => sum + weight * lattice.values[c], 0);
    assertAlmostEquals(values[at], direct, 1e-14);
  });
});

Deno.test("refinement halves the spans and keeps the surface", () => {
  const lattice = randomLattice(SPANS, 2);
  const refined = refine(lattice);
  assertEquals(refined.shape, [5, 9, 7]);
  const before = evaluate(lattice, gridBases(COUNTS, SPANS));
  const after = evaluate(refined, gridBases(COUNTS, SPANS.map((count) => 2 * count)));
  before.forEach((value, at) => assertAlmostEquals(after[at], value, 1e-12));
  assert(Math.max(...before) - Math.min(...before) > 0.1);
});
