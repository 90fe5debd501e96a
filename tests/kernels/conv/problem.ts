/** Convolutions of random operands, by the kernels that a device's table chooses and by the naive one. */
import { assert, assertEquals } from "@std/assert";
import {
  convBackwardData,
  convBackwardWeights,
  convForward,
  convOutput,
  type ConvShape,
  volume,
  weightShape,
} from "../../../kernels/conv/mod.ts";
import {
  naiveBackwardData,
  naiveBackwardWeights,
  naiveForward,
} from "../../../kernels/conv/naive.ts";
import { intoTiles, outOfTiles, tiledCount } from "../../../kernels/conv/weight_layout.ts";
import { pixels, type Triple } from "../../../kernels/tensors.ts";
import { type Device, openDevice } from "../../../src/gpu/device.ts";
import { ProgramBuilder } from "../../../src/gpu/program.ts";
import { type KernelTable, useKernelTable } from "../../../src/gpu/tuning.ts";
import { numbers } from "../on_device.ts";
import { convReference, fromBlocks, toBlocks } from "./reference.ts";

/** A 2D convolution of square kernel. */
export function layer(
  images: number,
  channels: number,
  height: number,
  width: number,
  outChannels: number,
  kernel: number,
  stride: number,
  padding: number,
): ConvShape {
  return {
    images,
    channels,
    depth: 1,
    height,
    width,
    outChannels,
    kernel: [1, kernel, kernel],
    stride: [1, stride, stride],
    padding: [0, padding, padding],
  };
}

/** Shapes at which every variant has to be right. */
export const oddShapes: Record<string, ConvShape> = {
  "3x3, 5 to 7 channels, 7x7, one image": layer(1, 5, 7, 7, 7, 3, 1, 1),
  "3x3 with stride 2, 8 to 12 channels, 9x6": layer(2, 8, 9, 6, 12, 3, 2, 1),
  "7x7 with stride 2, 3 to 16 channels, 13x11": layer(2, 3, 13, 11, 16, 7, 2, 3),
  "1x1 with stride 2, 16 to 20 channels, 8x8": layer(3, 16, 8, 8, 20, 1, 2, 0),
  "3x3 without padding, 1 to 8 channels, 10x7": layer(2, 1, 10, 7, 8, 3, 1, 0),
  "2x4 with stride 3x2, 4 to 33 channels": {
    images: 2,
    channels: 4,
    depth: 1,
    height: 11,
    width: 12,
    outChannels: 33,
    kernel: [1, 2, 4],
    stride: [1, 3, 2],
    padding: [0, 1, 2],
  },
  "3x3, 36 to 68 channels, more than one tile": layer(3, 36, 12, 12, 68, 3, 1, 1),
  "3x3, 256 to 260 channels, 2x3, half of the taps in the padding": layer(
    9,
    256,
    2,
    3,
    260,
    3,
    1,
    1,
  ),
  "3x3 with stride 2, 256 to 260 channels, 3x4": layer(9, 256, 3, 4, 260, 3, 2, 1),
  "5x5, 256 to 260 channels, taps that never meet one pixel": layer(17, 256, 1, 1, 260, 5, 1, 2),
};

/** A 3D convolution: `size` and the kernel's numbers are [z, y, x], or one for all three. */
export function volumeLayer(
  images: number,
  channels: number,
  [depth, height, width]: Triple,
  outChannels: number,
  kernel: Triple | number,
  stride: Triple | number,
  padding: Triple | number,
): ConvShape {
  const triple = (of: Triple | number): Triple => typeof of === "number" ? [of, of, of] : of;
  return {
    images,
    channels,
    depth,
    height,
    width,
    outChannels,
    kernel: triple(kernel),
    stride: triple(stride),
    padding: triple(padding),
  };
}

/** Volumes at which every variant has to be right. */
export const oddVolumes: Record<string, ConvShape> = {
  "3x3x3, 5 to 7 channels, 5x6x7": volumeLayer(2, 5, [5, 6, 7], 7, 3, 1, 1),
  "3x3x3 with stride 2, 8 to 12 channels, 7x6x5": volumeLayer(2, 8, [7, 6, 5], 12, 3, 2, 1),
  "3x3x3, 1 to 8 channels, 6x5x9": volumeLayer(2, 1, [6, 5, 9], 8, 3, 1, 1),
  "7x7x7 with stride 1x2x2, 1 to 9 channels, 9x11x8": volumeLayer(
    1,
    1,
    [9, 11, 8],
    9,
    7,
    [1, 2, 2],
    3,
  ),
  "1x1x1 with stride 2, 16 to 6 channels, 4x5x6": volumeLayer(3, 16, [4, 5, 6], 6, 1, 2, 0),
  "2x1x4 with stride 3x2x1, 4 to 33 channels": volumeLayer(
    2,
    4,
    [7, 4, 6],
    33,
    [2, 1, 4],
    [3, 2, 1],
    [1, 0, 2],
  ),
  "3x3x3 on one plane": volumeLayer(3, 6, [1, 5, 4], 5, 3, 1, 1),
  "3x3 on each of 4 planes": volumeLayer(1, 4, [4, 6, 5], 8, [1, 3, 3], 1, [0, 1, 1]),
};

/** Operands in PyTorch's order. */
export interface Problem {
  shape: ConvShape;
  input: Float32Array<ArrayBuffer>;
  weights: Float32Array<ArrayBuffer>;
  bias: Float32Array<ArrayBuffer>;
  outGradient: Float32Array<ArrayBuffer>;
}

export function randomProblem(shape: ConvShape): Problem {
  const { images, channels, outChannels, kernel } = shape;
  return {
    shape,
    input: numbers(images * channels * pixels(shape), 1),
    weights: numbers(outChannels * channels * volume(kernel), 2),
    bias: numbers(outChannels, 3),
    outGradient: numbers(images * outChannels * volume(convOutput(shape)), 4),
  };
}

export type Direction = "output" | "inGradient" | "weightGradient";

/** In PyTorch's order. */
export type Results = Record<Direction, ArrayLike<number>> & { biasGradient?: ArrayLike<number> };

/** All passes in float64. */
export function computeReference({ shape, input, weights, bias, outGradient }: Problem): Results {
  return convReference(shape, input, weights, bias, outGradient);
}

/** All passes by the device's table; the weight gradient `times` times, added up. */
export async function runTable(
  device: Device,
  { shape, ...data }: Problem,
  times = 1,
): Promise<Results> {
  const { images, channels, outChannels, positions = 1 } = shape;
  const inPixels = pixels(shape) * positions, outPixels = volume(convOutput(shape));
  const input = device.buffer("input", toBlocks(data.input, images, channels, inPixels));
  const outGradient = device.buffer(
    "output gradient",
    toBlocks(data.outGradient, images, outChannels, outPixels),
  );
  const weights = device.buffer("weights", toTiles(shape, data.weights));
  const bias = device.buffer("bias", data.bias);
  const output = device.buffer("output", outGradient.bytes);
  const inGradient = device.buffer("input gradient", input.bytes);
  const weightGradient = device.buffer("weight gradient", weights.bytes);
  const biasGradient = device.buffer("bias gradient", bias.bytes);
  const program = new ProgramBuilder(device, "convolution");
  const prepared = convForward(program, { input, weights, bias, output, shape });
  convBackwardData(program, { outGradient, weights, inGradient, shape });
  for (let i = 0; i < times; i++) {
    convBackwardWeights(program, {
      input,
      prepared,
      outGradient,
      weightGradient,
      biasGradient,
      shape,
      accumulate: i > 0,
    });
  }
  (await program.build()).run();
  return {
    output: fromBlocks(await device.readFloats(output), images, outChannels, outPixels),
    inGradient: fromBlocks(await device.readFloats(inGradient), images, channels, inPixels),
    weightGradient: fromTiles(shape, await device.readFloats(weightGradient)),
    biasGradient: await device.readFloats(biasGradient, 0, outChannels),
  };
}

/** The passes by the naive kernel. */
export async function runNaive(
  device: Device,
  { shape, ...data }: Problem,
): Promise<Results> {
  const input = device.buffer("input", data.input);
  const weights = device.buffer("weights", data.weights);
  const bias = device.buffer("bias", data.bias);
  const outGradient = device.buffer("output gradient", data.outGradient);
  const output = device.buffer("output", data.outGradient.byteLength);
  const inGradient = device.buffer("input gradient", data.input.byteLength);
  const weightGradient = device.buffer("weight gradient", data.weights.byteLength);
  const program = new ProgramBuilder(device, "naive convolution");
  naiveForward(program, { input, weights, bias, output, shape });
  naiveBackwardData(program, { outGradient, weights, inGradient, shape });
  naiveBackwardWeights(program, { input, outGradient, weightGradient, shape });
  (await program.build()).run();
  return {
    output: await device.readFloats(output, 0, data.outGradient.length),
    inGradient: await device.readFloats(inGradient, 0, data.input.length),
    weightGradient: await device.readFloats(weightGradient, 0, data.weights.length),
  };
}

/** Opens a device that uses `table`, for the time of `work`. */
export async function withTable(
  table: KernelTable,
  work: (device: Device) => Promise<void>,
): Promise<void> {
  const device = await openDevice();
  try {
    useKernelTable(device, table);
    await work(device);
  } finally {
    device.destroy();
  }
}

/**
 * Compares the device's variant with float64 and with the naive kernel, and a second run bit by bit.
 *
 * @param factor how many times the error of a plain sum is allowed
 */
export async function checkTable(device: Device, shape: ConvShape, factor = 1): Promise<void> {
  const problem = randomProblem(shape);
  const results = await runTable(device, problem);
  assertCloseTo("float64", shape, results, computeReference(problem), factor);
  assertCloseTo("the naive kernel", shape, results, await runNaive(device, problem), factor + 1);
  assertEquals(await runTable(device, problem), results, "a second run gave other bits");
}

/** Fails where a result differs from `wanted` by more than {@link toleranceOf}. */
export function assertCloseTo(
  whose: string,
  shape: ConvShape,
  actual: Partial<Results>,
  wanted: Partial<Results>,
  factor = 1,
): void {
  for (const [name, values] of Object.entries(wanted)) {
    const of = name as keyof Results;
    const error = errorOf(actual[of] ?? [], values);
    const bound = factor * toleranceOf(shape, of);
    assert(error <= bound, `${name} differs by ${error} from ${whose}, by more than ${bound}`);
  }
}

/** Largest difference, relative to the largest wanted value. */
export function errorOf(actual: ArrayLike<number>, wanted: ArrayLike<number>): number {
  assertEquals(actual.length, wanted.length);
  let [largest, error] = [0, 0];
  for (let i = 0; i < wanted.length; i++) {
    largest = Math.max(largest, Math.abs(wanted[i]));
    error = Math.max(error, Math.abs(wanted[i] - actual[i]));
  }
  return error / largest;
}

/** Rounding errors of a sum of n products grow like the root of n. */
export function toleranceOf(shape: ConvShape, of: keyof Results): number {
  const taps = volume(shape.kernel), outPixels = volume(convOutput(shape));
  const terms = {
    output: shape.channels * (shape.positions ?? 1) * taps,
    inGradient: shape.outChannels * taps,
    weightGradient: shape.images * outPixels,
    biasGradient: shape.images * outPixels,
  };
  return 1e-6 * Math.sqrt(terms[of]);
}

/** PyTorch's weights in the order of the device. */
export function toTiles(shape: ConvShape, weights: Float32Array): Float32Array<ArrayBuffer> {
  const result = new Float32Array(tiledCount(weightShape(shape)));
  intoTiles(weightShape(shape), weights, result);
  return result;
}

/** The inverse of {@link toTiles}; padding has to be zero. */
export function fromTiles(shape: ConvShape, values: Float32Array): Float32Array {
  const { outChannels, channels, positions = 1, taps } = weightShape(shape);
  const result = new Float32Array(outChannels * channels * positions * taps);
  outOfTiles(weightShape(shape), values, result);
  assertEquals(toTiles(shape, result), values, "padding is not zero");
  return result;
}
