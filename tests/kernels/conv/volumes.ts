/** What every variant has to fulfil for convolutions of volumes. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { convOutput, type ConvShape, volume } from "../../../kernels/conv/mod.ts";
import { pixels, type Triple } from "../../../kernels/tensors.ts";
import type { Device } from "../../../src/gpu/device.ts";
import { type KernelTable, useKernelTable } from "../../../src/gpu/tuning.ts";
import { limitedDevice } from "../../gpu/limited_device.ts";
import { uniform } from "../../nn/fixture.ts";
import { numbers } from "../on_device.ts";
import {
  checkTable,
  oddVolumes,
  type Problem,
  randomProblem,
  runTable,
  volumeLayer,
  withTable,
} from "./problem.ts";

/** Runs all checks as steps on one device, which compiles each kernel once. */
export async function checkVolumes(t: Deno.TestContext, table: KernelTable): Promise<void> {
  await withTable(table, async (device) => {
    for (const [name, shape] of Object.entries(oddVolumes)) {
      await t.step(`${name} agrees with float64`, () => checkTable(device, shape));
    }
    await t.step("gradients are those of differences of the forward pass", async () => {
      await checkDifferences(device, oddVolumes["3x3x3, 5 to 7 channels, 5x6x7"]);
      await checkDifferences(device, oddVolumes["3x3x3, 1 to 8 channels, 6x5x9"]);
    });
    await t.step("values and gradients are PyTorch's", () => checkFixtures(device));
    await t.step("a binding that holds half of a volume gives the same bits", async () => {
      const problem = randomProblem(volumeLayer(1, 8, [6, 17, 24], 8, 3, 1, 1));
      const limited = limitedDevice(device, { maxStorageBufferBindingSize: 2 ** 16 });
      // So few slices of the gradient that their sums fit too.
      const fewSlices = { ...table, weightGradientWorkgroups: 8 };
      for (const each of [limited, device]) useKernelTable(each, fewSlices);
      assertEquals(await runTable(limited, problem), await runTable(device, problem));
      useKernelTable(device, table);
    });
    await t.step(
      "a grid longer than the device takes along an axis gives the same bits",
      async () => {
        const problem = randomProblem(volumeLayer(1, 4, [12, 34, 48], 8, 3, 1, 1));
        const limited = limitedDevice(device, { maxComputeWorkgroupsPerDimension: 64 });
        useKernelTable(limited, table);
        assertEquals(await runTable(limited, problem), await runTable(device, problem));
      },
    );
  });
}

/** Compares derivatives of the projection on the output's gradient along random directions. */
async function checkDifferences(device: Device, shape: ConvShape): Promise<void> {
  const problem = randomProblem(shape);
  const { inGradient, weightGradient, biasGradient } = await runTable(device, problem);
  const gradients = { input: inGradient, weights: weightGradient, bias: biasGradient! };
  for (const name of ["input", "weights", "bias"] as const) {
    const direction = numbers(problem[name].length, 8);
    const projectionAt = async (by: number) => {
      const moved = problem[name].map((value, i) => value + by * direction[i]);
      const { output } = await runTable(device, { ...problem, [name]: moved });
      return dot(output, problem.outGradient);
    };
    const difference = await projectionAt(0.5) - await projectionAt(-0.5);
    const error = Math.abs(difference - dot(gradients[name], direction));
    const scale = Math.hypot(...Array.from(gradients[name])) * Math.hypot(...direction);
    assert(error < 1e-5 * scale, `${name}: ${error} of ${scale}`);
  }
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

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

async function checkFixtures(device: Device): Promise<void> {
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
}
