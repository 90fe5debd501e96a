import { assertEquals } from "@std/assert";
import {
  convBackwardWeights,
  type ConvShape,
  linearShape,
  weightShape,
} from "../../../kernels/conv/mod.ts";
import { tiledCount } from "../../../kernels/conv/weight_layout.ts";
import { pixels } from "../../../kernels/tensors.ts";
import { ProgramBuilder } from "../../../src/gpu/program.ts";
import { type KernelTable, kernelTables } from "../../../src/gpu/tuning.ts";
import { numbers } from "../on_device.ts";
import {
  assertCloseTo,
  computeReference,
  fromTiles,
  layer,
  type Problem,
  randomProblem,
  runTable,
  volumeLayer,
  withTable,
} from "./problem.ts";

const direct: KernelTable = { ...kernelTables.software, winograd: false };
const tables: Record<string, KernelTable> = {
  "implicit GEMM": { ...direct, convolution: "implicit_gemm" },
  direct,
  Winograd: { ...kernelTables.software, winogradChannels: 1, winogradTiles: 1 },
};

for (const [name, table] of Object.entries(tables)) {
  if (name !== "Winograd") {
    Deno.test(`${name} linear layer over 6 maps of 3x4 takes PyTorch's weights`, async () => {
      await withTable(table, async (device) => {
        const asConvolution: ConvShape = { ...layer(5, 6, 3, 4, 9, 1, 1, 0), kernel: [1, 3, 4] };
        const problem = randomProblem(asConvolution);
        const linear = linearShape(5, 6, 9, 12);
        const results = await runTable(device, { ...problem, shape: linear });
        assertCloseTo("float64", linear, results, computeReference(problem));
      });
    });
  }

  Deno.test(`padding of ${name} weight gradients is zero whatever the padding of activations holds`, async () => {
    await withTable(table, async (device) => {
      const shape = layer(2, 5, 8, 8, 6, 3, 1, 1);
      const count = tiledCount(weightShape(shape));
      const activation = () => device.buffer("activation", numbers(2 * 2 * 64 * 4, 7));
      const weightGradient = device.buffer("weight gradient", count * 4);
      const program = new ProgramBuilder(device, "partial blocks");
      const [input, outGradient] = [activation(), activation()];
      convBackwardWeights(program, { input, outGradient, weightGradient, shape });
      (await program.build()).run();
      fromTiles(shape, await device.readFloats(weightGradient));
    });
  });

  Deno.test(`${name} convolutions of repeated channels are those of three channels`, async () => {
    await withTable(table, async (device) => {
      for (const shape of [layer(2, 3, 13, 11, 16, 7, 2, 3), layer(3, 3, 9, 6, 5, 3, 1, 1)]) {
        const problem = randomProblem(shape);
        repeatFirstChannel(problem);
        const repeated = { ...problem, shape: { ...shape, repeated: true } };
        const results = await runTable(device, repeated);
        assertCloseTo("float64", shape, results, computeReference(problem));
        const twice = await runTable(device, repeated, 2);
        assertEquals(
          Array.from(twice.weightGradient!),
          Array.from(results.weightGradient!, (value) => 2 * value),
        );
      }
    });
  });

  Deno.test(`${name} weight gradients accumulate when asked to`, async () => {
    await withTable(table, async (device) => {
      const volume = volumeLayer(1, 1, [3, 4, 5], 4, 3, 1, 1);
      for (const shape of [layer(1, 4, 5, 5, 4, 3, 1, 1), volume]) {
        const problem = randomProblem(shape);
        const once = await runTable(device, problem);
        const twice = await runTable(device, problem, 2);
        for (const gradient of ["weightGradient", "biasGradient"] as const) {
          assertEquals(
            Array.from(twice[gradient]!),
            Array.from(once[gradient]!, (value) => 2 * value),
          );
        }
      }
    });
  });
}

function repeatFirstChannel({ shape, input }: Problem): void {
  const plane = pixels(shape);
  for (let at = 0; at < input.length; at += plane) {
    const image = at - at % (shape.channels * plane);
    input.copyWithin(at, image, image + plane);
  }
}
