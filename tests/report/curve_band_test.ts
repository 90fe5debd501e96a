import { assertEquals } from "@std/assert";
import { meanBand } from "../../src/report/curve_band.ts";

/** Of a band, the values at one of its hundred steps. */
function at({ mean, sd }: { mean: number[]; sd: number[] }, x: number): [number, number] {
  const step = Math.round(100 * x);
  return [mean[step], sd[step]].map((value) => Math.round(1e9 * value) / 1e9) as [number, number];
}

Deno.test("the mean ROC curve lies between two, with the deviation of two values", () => {
  const diagonal: [number, number][] = [[0, 0], [1, 1]];
  const perfect: [number, number][] = [[0, 0], [0, 1], [1, 1]];
  const band = meanBand([diagonal, perfect], "line");
  assertEquals(band.x.length, 101);
  assertEquals(at(band, 0), [0, 0]);
  // At 0.5 the curves are at 0.5 and 1: the deviation with n − 1 is 0.5 / √2.
  assertEquals(at(band, 0.5), [0.75, 0.353553391]);
  assertEquals(at(band, 1), [1, 0]);
});

Deno.test("where an ROC curve rises straight up, its upper end counts", () => {
  const band = meanBand([[[0, 0], [0.25, 0], [0.25, 0.5], [0.25, 1], [1, 1]]], "line");
  assertEquals(at(band, 0.24), [0, 0]);
  assertEquals(at(band, 0.25), [1, 0]);
});

Deno.test("between points of precision and recall the point that is reached next holds", () => {
  const band = meanBand([[[0, 1], [0.5, 0.8], [0.5, 0.4], [1, 0.6]]], "step");
  assertEquals(at(band, 0), [1, 0]);
  assertEquals(at(band, 0.3), [0.8, 0]);
  assertEquals(at(band, 0.5), [0.8, 0]);
  assertEquals(at(band, 0.51), [0.6, 0]);
});
