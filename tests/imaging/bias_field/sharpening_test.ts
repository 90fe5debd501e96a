import { assert, assertAlmostEquals } from "@std/assert";
import { BINS, expectedIntensities } from "../../../src/imaging/bias_field/sharpening.ts";

const PERIOD = 512;
const START = (PERIOD - BINS) / 2;

type Complex = [number, number];

/** By the definition, without a fast transform. */
function transform(signal: readonly Complex[], sign: 1 | -1): Complex[] {
  return signal.map((_, k) => {
    let [re, im] = [0, 0];
    signal.forEach(([a, b], n) => {
      const angle = sign * 2 * Math.PI * (k * n % PERIOD) / PERIOD;
      re += a * Math.cos(angle) - b * Math.sin(angle);
      im += a * Math.sin(angle) + b * Math.cos(angle);
    });
    return sign === 1 ? [re / PERIOD, im / PERIOD] : [re, im];
  });
}

/** E(u | v) of a histogram by direct sums, over a Gaussian of 0.15 and a noise term of 0.01. */
function direct(histogram: ArrayLike<number>, lowest: number, width: number): number[] {
  const sigma = 0.15 / Math.sqrt(8 * Math.LN2) / width;
  const gaussian = Array.from({ length: PERIOD }, (_, n) => {
    const distance = n > PERIOD / 2 ? n - PERIOD : n;
    return Math.exp(-0.5 * (distance / sigma) ** 2) / (sigma * Math.sqrt(2 * Math.PI));
  });
  const padded = Array.from({ length: PERIOD }, (_, n): Complex => [histogram[n - START] ?? 0, 0]);
  const blur = transform(gaussian.map((value): Complex => [value, 0]), -1);
  const filtered = transform(padded, -1).map(([re, im], k): Complex => {
    const filter = blur[k][0] / (blur[k][0] ** 2 + blur[k][1] ** 2 + 0.01);
    return [re * filter, im * filter];
  });
  const sharp = transform(filtered, 1).map(([re]) => Math.max(0, re));
  return Array.from({ length: BINS }, (_, bin) => {
    let [numerator, denominator] = [0, 0];
    for (let n = 0; n < PERIOD; n++) {
      const weight = gaussian[(START + bin - n + PERIOD) % PERIOD] * sharp[n];
      numerator += weight * (lowest + (n - START) * width);
      denominator += weight;
    }
    return numerator / denominator;
  });
}

/** Two tissues, each blurred, on a ground that no bin lacks. */
function twoTissues(): Float64Array {
  const peak = (bin: number, centre: number, sigma: number) =>
    Math.exp(-0.5 * ((bin - centre) / sigma) ** 2);
  return Float64Array.from(
    { length: BINS },
    (_, bin) => 1 + 900 * peak(bin, 70, 4) + 500 * peak(bin, 130, 5),
  );
}

Deno.test("expected intensities are those of direct sums", () => {
  for (const [lowest, width] of [[0, 6 / 199], [-1, 0.08]]) {
    const histogram = twoTissues();
    const expected = expectedIntensities(histogram, lowest, width);
    direct(histogram, lowest, width).forEach((value, bin) =>
      assertAlmostEquals(expected[bin], value, 1e-9)
    );
  }
});

Deno.test("sharpening draws the flanks of a peak to its middle", () => {
  const width = 6 / 199;
  const expected = expectedIntensities(twoTissues(), 0, width);
  assert(expected[66] > 66 * width && expected[66] < 70 * width);
  assert(expected[74] < 74 * width && expected[74] > 70 * width);
  assertAlmostEquals(expected[70], 70 * width, 1e-3);
});

Deno.test("bins without counts near them keep their intensity", () => {
  const histogram = new Float64Array(BINS);
  histogram[0] = 1000;
  histogram[199] = 1000;
  // The field's distribution is narrower than a bin.
  const expected = expectedIntensities(histogram, -3, 0.5);
  expected.forEach((value, bin) => assertAlmostEquals(value, -3 + bin * 0.5, 1e-9));
});
