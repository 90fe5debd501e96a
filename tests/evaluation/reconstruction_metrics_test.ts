import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  type ReconstructionMetrics,
  reconstructionMetrics,
} from "../../src/evaluation/reconstruction_metrics.ts";
import { RECONSTRUCTION_METRICS } from "../../src/evaluation/reconstruction_scores.ts";
import { structuralSimilarity } from "../../src/evaluation/structural_similarity.ts";
import { uniform } from "../nn/fixture.ts";

interface Case extends ReconstructionMetrics {
  shape: number[];
  lowest: number;
  noise: number;
}

const cases: Case[] = JSON.parse(
  Deno.readTextFileSync(new URL("../fixtures/evaluation/reconstruction.json", import.meta.url)),
);

/** Input and output as make_reconstruction.py has them. */
function images({ shape, lowest, noise }: Case) {
  const count = shape.reduce((product, size) => product * size);
  const [first, second] = [uniform(1, count), uniform(2, count)];
  const x = Float32Array.from(
    first,
    (u, i) => lowest + (1 - lowest) * (0.5 * (i % 97 / 96) + 0.5 * u),
  );
  return { x, y: x.map((v, i) => v + noise * (2 * second[i] - 1)) };
}

for (const expected of cases) {
  Deno.test(`metrics of reconstructions of ${expected.shape.join(" x ")} from ${expected.lowest} on are ClinicaDL's`, () => {
    const { x, y } = images(expected);
    const found = reconstructionMetrics(x, y, expected.shape);
    for (const name of RECONSTRUCTION_METRICS) {
      assertAlmostEquals(found[name], expected[name], 1e-6 * Math.abs(expected[name]), name);
    }
  });
}

Deno.test("a perfect reconstruction has an SSIM of 1 and an infinite PSNR", () => {
  const x = Float32Array.from(uniform(1, 60));
  const perfect = reconstructionMetrics(x, x, [1, 6, 10]);
  assertEquals(perfect, { MAE: 0, RMSE: 0, PSNR: Infinity, SSIM: 1 });
});

Deno.test("an intensity scale beyond [-1, 1] changes neither PSNR nor SSIM", () => {
  const { x, y } = images(cases[0]);
  const span = Math.max(...x) - Math.min(...x);
  const unit = (values: Float32Array) => values.map((v) => (v - Math.min(...x)) / span);
  const scaled = (values: Float32Array) => unit(values).map((v) => 4000 * v);
  const expected = reconstructionMetrics(unit(x), unit(y), cases[0].shape);
  const found = reconstructionMetrics(scaled(x), scaled(y), cases[0].shape);
  assertAlmostEquals(found.PSNR, expected.PSNR, 1e-4);
  assertAlmostEquals(found.SSIM, expected.SSIM, 1e-5);
});

Deno.test("a volume's window reaches along its depth, a stack of channels' does not", () => {
  const { x, y } = images({ ...cases[0], shape: [1, 6, 11, 7] });
  const volume = structuralSimilarity(x, y, [1, 6, 11, 7]);
  const planes = structuralSimilarity(x, y, [6, 11, 7]);
  let sum = 0;
  for (let c = 0; c < 6; c++) {
    const plane = (values: Float32Array) => values.subarray(c * 77, (c + 1) * 77);
    sum += structuralSimilarity(plane(x), plane(y), [1, 11, 7]);
  }
  assertAlmostEquals(planes, sum / 6, 1e-12);
  assertEquals(Math.abs(volume - planes) > 0.01, true);
});
