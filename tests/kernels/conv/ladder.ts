/** Every variant of the convolution, from naive to fastest, for `deno task kernel conv`. */
import type { ConvShape } from "../../../kernels/conv/mod.ts";
import type { Device } from "../../../src/gpu/device.ts";
import { type KernelTable, kernelTables, useKernelTable } from "../../../src/gpu/tuning.ts";
import type { Measurement } from "../check_kernel.ts";
import {
  computeReference,
  type Direction,
  errorOf,
  layer,
  randomProblem,
  type Results,
  runNaive,
  runTable,
  toleranceOf,
  volumeLayer,
} from "./problem.ts";
import { flops, type Pass, timePass } from "./time_pass.ts";

const direct: KernelTable = { ...kernelTables.software, winograd: false };
const gemm: KernelTable = { ...direct, convolution: "implicit_gemm" };

interface Variant {
  /** The naive kernel when absent. */
  table?: KernelTable;
  /** How many times the error of a plain sum is allowed. */
  factor: number;
  runs(shape: ConvShape): boolean;
}

const always = () => true;
const variants: Readonly<Record<string, Variant>> = {
  naive: { factor: 1, runs: always },
  "direct, 16 channels": { table: { ...direct, directChannels: 16 }, factor: 1, runs: always },
  "direct, 32 channels": { table: { ...direct, directChannels: 32 }, factor: 1, runs: always },
  ...Object.fromEntries([[64, 64], [64, 128], [128, 64], [128, 128]].map((
    [gemmPixels, gemmChannels],
  ) => [
    `implicit GEMM, ${gemmPixels} x ${gemmChannels}`,
    { table: { ...gemm, gemmPixels, gemmChannels }, factor: 1, runs: always },
  ])),
  Winograd: {
    table: { ...kernelTables.software, winogradChannels: 1, winogradTiles: 1 },
    factor: 10,
    runs: ({ kernel, stride }) => kernel.join() === "1,3,3" && stride.join() === "1,1,1",
  },
};

const directions: Readonly<Record<Direction, { label: string; pass: Pass }>> = {
  output: { label: "forward", pass: "forward" },
  inGradient: { label: "data gradient", pass: "data" },
  weightGradient: { label: "weight gradient", pass: "weights" },
};

/** Partial blocks of channels, both strides, the first layer of a ResNet, volumes of many and of one. */
const checkedShapes: readonly ConvShape[] = [
  layer(3, 36, 12, 12, 68, 3, 1, 1),
  layer(2, 20, 9, 8, 33, 3, 1, 0),
  layer(2, 8, 9, 6, 12, 3, 2, 1),
  layer(2, 3, 13, 11, 16, 7, 2, 3),
  volumeLayer(2, 5, [5, 6, 7], 7, 3, 2, 1),
  volumeLayer(2, 1, [6, 5, 9], 8, 3, 1, 1),
];

/**
 * Measures each variant in each direction.
 *
 * @param timed the shape that is timed; typical of the device's class when absent
 * @param least milliseconds of one measurement of time
 */
export async function* measureConvolutions(
  device: Device,
  { checked = checkedShapes, timed, least = 250 }: {
    checked?: readonly ConvShape[];
    timed?: ConvShape;
    least?: number;
  } = {},
): AsyncGenerator<Measurement> {
  const software = device.class === "software";
  timed ??= software ? layer(4, 64, 14, 14, 64, 3, 1, 1) : layer(64, 64, 56, 56, 64, 3, 1, 1);
  const entries = Object.entries(directions) as [Direction, typeof directions[Direction]][];
  const problems = [];
  for (const shape of checked) {
    const problem = randomProblem(shape);
    const naive = await runNaive(device, problem);
    problems.push({ problem, naive, reference: computeReference(problem) });
  }
  const { images, channels, outChannels, depth, height, width, kernel } = timed;
  const work = `${kernel.join(" x ")}, ${channels} to ${outChannels} channels, ` +
    `${images} images of ${depth} x ${height} x ${width}`;
  for (const [variant, { table, factor, runs }] of Object.entries(variants)) {
    if (table) useKernelTable(device, table);
    const results: { shape: ConvShape; of: Results; naive: Results; reference: Results }[] = [];
    for (const { problem, naive, reference } of problems.filter((p) => runs(p.problem.shape))) {
      const of = table ? await runTable(device, problem) : naive;
      results.push({ shape: problem.shape, of, naive, reference });
    }
    for (const [direction, { label, pass }] of entries) {
      const { clock } = await timePass(device, timed, pass, { naive: !table, least });
      const errors = (from: "reference" | "naive") =>
        results.map((result) => errorOf(result.of[direction], result[from][direction]));
      const tolerances = results.map(({ shape }) => toleranceOf(shape, direction));
      yield {
        variant,
        direction: label,
        error: Math.max(...errors("reference")),
        equal: errors("reference").every((error, i) => error <= factor * tolerances[i]) &&
          errors("naive").every((error, i) => error <= (factor + 1) * tolerances[i]),
        work,
        milliseconds: clock,
        rate: flops(timed) / clock / 1e6,
        unit: "GFLOP/s",
      };
    }
  }
}
