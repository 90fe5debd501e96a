import { assertAlmostEquals, assertEquals } from "@std/assert";
import { BINS } from "../../../src/imaging/registration/bins.ts";
import {
  addToHistogram,
  windowSlope,
  windowSum,
} from "../../../src/imaging/registration/joint_histogram.ts";

/** The cubic B-spline. */
function window(x: number): number {
  const t = Math.abs(x);
  if (t >= 2) return 0;
  return t < 1 ? 2 / 3 - t * t + t * t * t / 2 : (2 - t) ** 3 / 6;
}

const FIXED = Uint8Array.of(2, 29, 11, 11, 20);
const MOVING = Float64Array.of(2, 30, 7.25, 9, 29.999);
const WEIGHTS = Float64Array.of(1, 1, 0.25, 0, 0.5);

Deno.test("a sample adds the cubic B-spline about its moving bin to the row of its fixed bin", () => {
  const histogram = new Float64Array(BINS * BINS);
  assertEquals(addToHistogram(FIXED, MOVING, WEIGHTS, histogram), 2.75);
  for (let row = 0; row < BINS; row++) {
    for (let column = 0; column < BINS; column++) {
      let expected = 0;
      FIXED.forEach((bin, s) => {
        if (bin === row) expected += 6 * WEIGHTS[s] * window(MOVING[s] - column);
      });
      assertAlmostEquals(histogram[BINS * row + column], expected, 1e-12);
    }
  }
});

Deno.test("a histogram sums to six times the weights, and its rows to six times those of their bin", () => {
  const histogram = new Float64Array(BINS * BINS);
  addToHistogram(FIXED, MOVING, WEIGHTS, histogram);
  const sumOf = (row: number) =>
    histogram.subarray(BINS * row, BINS * (row + 1)).reduce((sum, value) => sum + value, 0);
  assertAlmostEquals(histogram.reduce((sum, value) => sum + value, 0), 16.5, 1e-12);
  for (const [row, weight] of [[2, 1], [29, 1], [11, 0.25], [20, 0.5]]) {
    assertAlmostEquals(sumOf(row), 6 * weight, 1e-12);
  }
});

Deno.test("a sum by a window is that over all columns, its slope that of finite differences", () => {
  const table = Float64Array.from({ length: BINS * BINS }, (_, at) => Math.sin(at));
  const sumAt = (bin: number) => {
    let sum = 0;
    for (let column = 0; column < BINS; column++) {
      sum += 6 * window(bin - column) * table[BINS * 5 + column];
    }
    return sum;
  };
  for (const bin of [2.1, 9.5, 17.999, 29.4, 30]) {
    assertAlmostEquals(windowSum(table, 5, bin), sumAt(bin), 1e-12);
    const slope = (sumAt(bin + 1e-5) - sumAt(bin - 1e-5)) / 2e-5;
    assertAlmostEquals(windowSlope(table, 5, bin), slope, 1e-8);
  }
});
