import { assertAlmostEquals, assertEquals } from "@std/assert";
import { splineBasis } from "../../../src/imaging/bias_field/spline_basis.ts";

const POSITIONS = Float64Array.from({ length: 101 }, (_, i) => i / 100);

Deno.test("the weights of each position add up to 1", () => {
  for (const spans of [1, 2, 7]) {
    const { weights } = splineBasis(POSITIONS, spans);
    for (let at = 0; at < weights.length; at += 4) {
      const sum = weights.subarray(at, at + 4).reduce((total, weight) => total + weight);
      assertAlmostEquals(sum, 1, 1e-15);
    }
  }
});

Deno.test("control points on a line give that line", () => {
  const spans = 5;
  const { controlPoints, first, weights } = splineBasis(POSITIONS, spans);
  assertEquals(controlPoints, 8);
  POSITIONS.forEach((position, at) => {
    // Control point c lies over the knot c - 1.
    const value = [0, 1, 2, 3].reduce(
      (sum, k) => sum + weights[4 * at + k] * (first[at] + k - 1),
      0,
    );
    assertAlmostEquals(value, position * spans, 1e-14);
  });
});

Deno.test("knots have the weights 1, 4 and 1 sixths, at the end of the domain too", () => {
  const { first, weights } = splineBasis(Float64Array.of(0, 0.5, 1), 2);
  assertEquals([...first], [0, 1, 1]);
  assertEquals([...weights], [
    ...[1 / 6, 4 / 6, 1 / 6, 0],
    ...[1 / 6, 4 / 6, 1 / 6, 0],
    ...[0, 1 / 6, 4 / 6, 1 / 6],
  ]);
});
