import { assertEquals } from "@std/assert";
import {
  convBackwardWeights,
  type ConvShape,
  linearShape,
  weightShape,
} from "../../../kernels/conv/mod.ts";
import { tiledCount } from "../../../kernels/conv/weight_layout.ts";
import { ProgramBuilder } from "../../../src/gpu/program.ts";
import { type KernelTable, kernelTables } from "../../../src/gpu/tuning.ts";
import { numbers } from "../on_device.ts";
import {
  assertCloseTo,
  computeReference,
  fromTiles,
  layer,
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
