/** Measures kernel variants on a device: the core of `gyrus tune`. */
import type { Device } from "../gpu/device.ts";
import { ProgramBuilder } from "../gpu/program.ts";
import { type KernelTable, kernelTable, useKernelTable } from "../gpu/tuning.ts";
import { type Clock, clockOf, timeRun } from "./timing.ts";
import {
  convBackwardData,
  convBackwardWeights,
  convForward,
  convOutput,
  type ConvShape,
  volume,
  weightShape,
} from "../../kernels/conv/mod.ts";
import { pixels } from "../../kernels/tensors.ts";
import { tiledCount } from "../../kernels/conv/weight_layout.ts";

/** Early, middle and late layers of a ResNet; strided and not. */
const TYPICAL_LAYERS: readonly ConvShape[] = [
  layer(64, 64, 32, 1),
  layer(128, 256, 16, 2),
  layer(256, 256, 8, 1),
];

function layer(channels: number, outChannels: number, side: number, stride: number): ConvShape {
  return {
    images: 16,
    channels,
    depth: 1,
    height: side,
    width: side,
    outChannels,
    kernel: [1, 3, 3],
    stride: [1, stride, stride],
    padding: [0, 1, 1],
  };
}

/** Fields of the table that one alternative sets. */
type Choice = Partial<KernelTable>;

/** For each convolution variant the choices, each a list of alternatives. */
const CHOICES: Readonly<Record<KernelTable["convolution"], readonly (readonly Choice[])[]>> = {
  direct: [
    [{ directChannels: 16 }, { directChannels: 32 }],
    [{ winograd: false }, { winograd: true }],
    [{ weightGradientWorkgroups: 16 }, { weightGradientWorkgroups: 64 }],
  ],
  implicit_gemm: [
    [
      { gemmPixels: 64, gemmChannels: 64 },
      { gemmPixels: 128, gemmChannels: 64 },
      { gemmPixels: 64, gemmChannels: 128 },
      { gemmPixels: 128, gemmChannels: 128 },
    ],
    [{ gemmLanePixels: 4 }, { gemmLanePixels: 8 }],
    [66, 132, 264, 528].map((convolutionWorkgroups) => ({ convolutionWorkgroups })),
    [128, 256, 512, 1024].map((weightGradientWorkgroups) => ({ weightGradientWorkgroups })),
  ],
};

/** A table and its measured time. */
export interface Candidate {
  table: KernelTable;
  /** Milliseconds of forward pass, data gradient and weight gradient, over all layers. */
  milliseconds: number;
}

/**
 * Finds the fastest table by changing one choice after the other, and makes the device use it. A
 * table that is less than 3 % faster than the current one counts as noise and changes nothing.
 *
 * @param layers the convolutions to be fast at
 * @param seconds least time of one measurement
 * @param clock the device's own when absent
 * @param onMeasured called after each measurement
 * @returns the table that the device uses now, and its time; results computed with it have keys of
 * their own. Undefined when the device is too fast to measure: it uses the table it began with.
 * @throws {DeviceError} when the device fails
 */
export async function tune(
  device: Device,
  { layers = TYPICAL_LAYERS, seconds = 0.25, clock, onMeasured }: {
    layers?: readonly ConvShape[];
    seconds?: number;
    clock?: Clock;
    onMeasured?: (candidate: Candidate) => void;
  } = {},
): Promise<Candidate | undefined> {
  const timer = clock ?? await clockOf(device);
  const measured = async (table: KernelTable): Promise<Candidate | undefined> => {
    useKernelTable(device, table);
    let milliseconds = 0;
    for (const shape of layers) {
      const layerSeconds = await timeLayer(device, shape, timer, seconds);
      if (layerSeconds === undefined) return undefined;
      milliseconds += layerSeconds * 1e3;
    }
    const candidate = { table, milliseconds };
    onMeasured?.(candidate);
    return candidate;
  };
  const start = kernelTable(device);
  const best = await findFastest(start, measured);
  useKernelTable(device, best?.table ?? start);
  return best;
}

/** @returns undefined as soon as a table can't be measured */
async function findFastest(
  start: KernelTable,
  measured: (table: KernelTable) => Promise<Candidate | undefined>,
): Promise<Candidate | undefined> {
  let best = await measured(start);
  if (best === undefined) return undefined;
  for (const alternatives of CHOICES[start.convolution]) {
    const current = best.table;
    for (const choice of alternatives) {
      const table = { ...current, ...choice };
      if (JSON.stringify(table) === JSON.stringify(current)) continue;
      const candidate = await measured(table);
      if (candidate === undefined) return undefined;
      if (candidate.milliseconds < best.milliseconds * 0.97) best = candidate;
    }
  }
  return best;
}

/** Seconds of a layer's forward pass and gradients; undefined when they are too short to measure. */
async function timeLayer(
  device: Device,
  shape: ConvShape,
  clock: Clock,
  seconds: number,
): Promise<number | undefined> {
  const floats = (channels: number, pixels: number) =>
    device.buffer("tuning", shape.images * Math.ceil(channels / 4) * 16 * pixels);
  const inPixels = pixels(shape), outPixels = volume(convOutput(shape));
  const [input, inGradient] = [1, 2].map(() => floats(shape.channels, inPixels));
  const [output, outGradient] = [1, 2].map(() => floats(shape.outChannels, outPixels));
  const count = tiledCount(weightShape(shape));
  const [weights, weightGradient] = [1, 2].map(() => device.buffer("tuning", count * 4));
  try {
    const program = new ProgramBuilder(device, "tuning");
    convForward(program, { input, weights, output, shape });
    convBackwardData(program, { outGradient, weights, inGradient, shape });
    convBackwardWeights(program, { input, outGradient, weightGradient, shape });
    return await timeRun(clock, await program.build(), seconds);
  } finally {
    for (const buffer of [input, inGradient, output, outGradient, weights, weightGradient]) {
      device.free(buffer);
    }
  }
}
