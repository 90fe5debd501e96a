/** Convolutions of volumes and their gradients against PyTorch's numbers. */
import { assertAlmostEquals } from "@std/assert";
import { convOutput, volume } from "../../../kernels/conv/mod.ts";
import { pixels, type Triple } from "../../../kernels/tensors.ts";
import { kernelTables } from "../../../src/gpu/tuning.ts";
import { uniform } from "../../nn/fixture.ts";
import { type Problem, runTable, volumeLayer, withTable } from "./problem.ts";

const results = ["output", "inGradient", "weightGradient", "biasGradient"] as const;

/** A case of make_convolutions.py. */
type Fixture =
  & { shape: [number, number, Triple, number, Triple, Triple, Triple] }
  & Record<typeof results[number], { norm: number; step: number; values: number[] }>;

const fixtures: Fixture[] = JSON.parse(
  Deno.readTextFileSync(new URL("../../fixtures/nn/convolutions.json", import.meta.url)),
);

function problemOf(fixture: Fixture): Problem {
  const shape = volumeLayer(...fixture.shape);
  const { images, channels, outChannels, kernel } = shape;
  const operand = (stream: number, count: number) =>
    Float32Array.from(uniform(stream, count), (value) => 2 * value - 1);
  return {
    shape,
    input: operand(1, images * channels * pixels(shape)),
    weights: operand(2, outChannels * channels * volume(kernel)),
    bias: operand(3, outChannels),
    outGradient: operand(4, images * outChannels * volume(convOutput(shape))),
  };
}

for (const convolution of ["direct", "implicit_gemm"] as const) {
  Deno.test(`${convolution} convolutions of volumes have PyTorch's values and gradients`, async () => {
    await withTable({ ...kernelTables.software, convolution }, async (device) => {
      for (const fixture of fixtures) {
        const found = await runTable(device, problemOf(fixture));
        for (const result of results) {
          const { norm, step, values } = fixture[result];
          const all = Array.from(found[result]!);
          assertAlmostEquals(Math.hypot(...all), norm, 1e-6 * norm);
          const typical = norm / Math.sqrt(all.length);
          values.forEach((value, i) => assertAlmostEquals(all[i * step], value, 2e-5 * typical));
        }
      }
    });
  });
}
