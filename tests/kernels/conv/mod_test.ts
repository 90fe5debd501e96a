import { assert, assertEquals } from "@std/assert";
import {
  conv2dBackwardData,
  conv2dBackwardWeights,
  conv2dForward,
  conv2dOutput,
  type Conv2dShape,
  linearShape,
  weightShape,
} from "../../../kernels/conv/mod.ts";
import { intoTiles, outOfTiles, tiledCount } from "../../../kernels/conv/weight_layout.ts";
import { Device, openDevice } from "../../../src/gpu/device.ts";
import { ProgramBuilder } from "../../../src/gpu/program.ts";
import { kernelTables, useKernelTable } from "../../../src/gpu/tuning.ts";
import { conv2dReference, fromBlocks, toBlocks } from "./reference.ts";

const direct = { ...kernelTables.software, winograd: false };

const shapes: Record<string, Conv2dShape> = {
  "3x3, 5 to 7 channels, 7x7, one image": layer(1, 5, 7, 7, 7, 3, 1, 1),
  "3x3 with stride 2, 8 to 12 channels, 9x6": layer(2, 8, 9, 6, 12, 3, 2, 1),
  "7x7 with stride 2, 3 to 16 channels, 13x11": layer(2, 3, 13, 11, 16, 7, 2, 3),
  "1x1 with stride 2, 16 to 20 channels, 8x8": layer(3, 16, 8, 8, 20, 1, 2, 0),
  "3x3 without padding, 1 to 8 channels, 10x7": layer(2, 1, 10, 7, 8, 3, 1, 0),
  "2x4 with stride 3x2, 4 to 33 channels": {
    images: 2,
    channels: 4,
    height: 11,
    width: 12,
    outChannels: 33,
    kernel: [2, 4],
    stride: [3, 2],
    padding: [1, 2],
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

function layer(
  images: number,
  channels: number,
  height: number,
  width: number,
  outChannels: number,
  kernel: number,
  stride: number,
  padding: number,
): Conv2dShape {
  return {
    images,
    channels,
    height,
    width,
    outChannels,
    kernel: [kernel, kernel],
    stride: [stride, stride],
    padding: [padding, padding],
  };
}

for (const convolution of ["direct", "implicit_gemm"] as const) {
  for (const [name, shape] of Object.entries(shapes)) {
    Deno.test(`${convolution} convolution agrees with float64: ${name}`, async () => {
      const device = await openDevice();
      try {
        useKernelTable(device, { ...direct, convolution });
        await compare(device, shape);
      } finally {
        device.destroy();
      }
    });
  }
}

for (const [gemmPixels, gemmChannels] of [[64, 64], [64, 128], [128, 128]]) {
  Deno.test(`tiles of ${gemmPixels} pixels x ${gemmChannels} channels agree with float64`, async () => {
    const device = await openDevice();
    try {
      const tiles = { convolution: "implicit_gemm", gemmPixels, gemmChannels } as const;
      useKernelTable(device, { ...direct, ...tiles });
      await compare(device, layer(2, 20, 9, 8, 68, 3, 1, 1));
    } finally {
      device.destroy();
    }
  });
}

Deno.test("a grid longer than the device allows is folded and agrees with float64", async () => {
  const opened = await openDevice();
  try {
    const limits = { ...limitsOf(opened), maxComputeWorkgroupsPerDimension: 4 };
    const gpu = new Proxy(opened.gpu, {
      get(target, key) {
        if (key === "limits") return limits;
        const value = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const device = new Device(gpu, opened.info);
    // 10 tiles of 64 pixels in 3 rows of 4.
    useKernelTable(device, { ...direct, convolution: "implicit_gemm", gemmPixels: 64 });
    const shape = layer(2, 4, 20, 15, 4, 1, 1, 0);
    const data = problem(shape);
    const reference = conv2dReference(
      shape,
      data.input,
      data.weights,
      data.bias,
      data.outGradient,
    );
    const input = device.buffer("input", toBlocks(data.input, 2, 4, 300));
    const output = device.buffer("output", input.bytes);
    const weights = device.buffer("weights", tiled(shape, data.weights));
    const bias = device.buffer("bias", data.bias);
    const program = new ProgramBuilder(device, "folded");
    conv2dForward(program, { input, weights, bias, output, shape });
    (await program.build()).run();
    close("output", fromBlocks(await device.readFloats(output), 2, 4, 300), reference.output, 4);
  } finally {
    opened.destroy();
  }
});

function limitsOf(device: Device): GPUSupportedLimits {
  const names = Object.keys(Object.getOwnPropertyDescriptors(GPUSupportedLimits.prototype));
  return Object.fromEntries(
    names.filter((name) => name !== "constructor").map((name) => [
      name,
      device.limits[name as keyof GPUSupportedLimits],
    ]),
  ) as unknown as GPUSupportedLimits;
}

Deno.test("register tiles of 16 channels agree with float64", async () => {
  const device = await openDevice();
  try {
    useKernelTable(device, { ...direct, directChannels: 16 });
    await compare(device, layer(2, 20, 9, 8, 68, 3, 1, 1));
  } finally {
    device.destroy();
  }
});

const winogradShapes: Record<string, Conv2dShape> = {
  "5 to 7 channels, 7x7, one image": layer(1, 5, 7, 7, 7, 3, 1, 1),
  "3 to 36 channels, 9x6, without padding": layer(2, 3, 9, 6, 36, 3, 1, 0),
  "20 to 68 channels, 12x8, padding 2": layer(3, 20, 12, 8, 68, 3, 1, 2),
};

for (const [name, shape] of Object.entries(winogradShapes)) {
  Deno.test(`Winograd's convolution agrees with float64: ${name}`, async () => {
    const device = await openDevice();
    try {
      useKernelTable(device, { ...kernelTables.software, winogradChannels: 1, winogradTiles: 1 });
      await compare(device, shape, 10);
    } finally {
      device.destroy();
    }
  });
}

for (const convolution of ["direct", "implicit_gemm"] as const) {
  Deno.test(`${convolution} linear layer over 6 maps of 3x4 takes PyTorch's weights`, async () => {
    const device = await openDevice();
    try {
      useKernelTable(device, { ...direct, convolution });
      const asConvolution: Conv2dShape = { ...layer(5, 6, 3, 4, 9, 1, 1, 0), kernel: [3, 4] };
      const data = problem(asConvolution);
      const reference = conv2dReference(
        asConvolution,
        data.input,
        data.weights,
        data.bias,
        data.outGradient,
      );
      const linear = linearShape(5, 6, 9, 12);
      const result = await run(device, linear, data, 1, 12);
      close("output", result.output, reference.output, 72);
      close("input gradient", result.inGradient, reference.inGradient, 9);
      close("weight gradient", result.weightGradient, reference.weightGradient, 5);
      close("bias gradient", result.biasGradient, reference.biasGradient, 5);
    } finally {
      device.destroy();
    }
  });
}

Deno.test("weight gradients accumulate when asked to", async () => {
  const device = await openDevice();
  try {
    const shape = layer(1, 4, 5, 5, 4, 3, 1, 1);
    const data = problem(shape);
    const once = await run(device, shape, data);
    const twice = await run(device, shape, data, 2);
    assertEquals(twice.weightGradient, once.weightGradient.map((value) => Math.fround(2 * value)));
    assertEquals(twice.biasGradient, once.biasGradient.map((value) => Math.fround(2 * value)));
  } finally {
    device.destroy();
  }
});

for (
  const table of [{ ...direct, convolution: "implicit_gemm" as const }, direct, {
    ...kernelTables.software,
    winogradChannels: 1,
    winogradTiles: 1,
  }]
) {
  const name = table.winograd ? "Winograd" : table.convolution;
  Deno.test(`padding of ${name} weight gradients is zero whatever the padding of activations holds`, async () => {
    const device = await openDevice();
    try {
      useKernelTable(device, table);
      const shape = layer(2, 5, 8, 8, 6, 3, 1, 1);
      const count = tiledCount(weightShape(shape));
      const activation = () => device.buffer("activation", noise(2 * 2 * 64 * 4, 7));
      const weightGradient = device.buffer("weight gradient", count * 4);
      const program = new ProgramBuilder(device, "partial blocks");
      const [input, outGradient] = [activation(), activation()];
      conv2dBackwardWeights(program, { input, outGradient, weightGradient, shape });
      (await program.build()).run();
      plain(shape, await device.readFloats(weightGradient));
    } finally {
      device.destroy();
    }
  });
}

async function compare(device: Device, shape: Conv2dShape, factor = 1): Promise<void> {
  const data = problem(shape);
  const reference = conv2dReference(
    shape,
    data.input,
    data.weights,
    data.bias,
    data.outGradient,
  );
  const first = await run(device, shape, data);
  const taps = shape.kernel[0] * shape.kernel[1];
  const [height, width] = conv2dOutput(shape);
  close("output", first.output, reference.output, shape.channels * taps, factor);
  close("input gradient", first.inGradient, reference.inGradient, shape.outChannels * taps, factor);
  const pixels = shape.images * height * width;
  close("weight gradient", first.weightGradient, reference.weightGradient, pixels, factor);
  close("bias gradient", first.biasGradient, reference.biasGradient, pixels, factor);
  assertEquals(await run(device, shape, data), first, "a second run gave other bits");
}

interface Problem {
  input: Float32Array<ArrayBuffer>;
  weights: Float32Array<ArrayBuffer>;
  bias: Float32Array<ArrayBuffer>;
  outGradient: Float32Array<ArrayBuffer>;
}

function problem(shape: Conv2dShape): Problem {
  const [height, width] = conv2dOutput(shape);
  const { images, channels, outChannels, kernel } = shape;
  return {
    input: noise(images * channels * shape.height * shape.width, 1),
    weights: noise(outChannels * channels * kernel[0] * kernel[1], 2),
    bias: noise(outChannels, 3),
    outGradient: noise(images * outChannels * height * width, 4),
  };
}

function noise(length: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

async function run(
  device: Device,
  shape: Conv2dShape,
  data: Problem,
  times = 1,
  inPixels = shape.height * shape.width,
) {
  const { images, channels, outChannels } = shape;
  const [height, width] = conv2dOutput(shape);
  const outPixels = height * width;
  const input = device.buffer("input", toBlocks(data.input, images, channels, inPixels));
  const outGradient = device.buffer(
    "output gradient",
    toBlocks(data.outGradient, images, outChannels, outPixels),
  );
  const weights = device.buffer("weights", tiled(shape, data.weights));
  const bias = device.buffer("bias", data.bias);
  const output = device.buffer("output", outGradient.bytes);
  const inGradient = device.buffer("input gradient", input.bytes);
  const weightGradient = device.buffer("weight gradient", weights.bytes);
  const biasGradient = device.buffer("bias gradient", bias.bytes);
  const program = new ProgramBuilder(device, "conv2d");
  const inputTiles = conv2dForward(program, { input, weights, bias, output, shape });
  conv2dBackwardData(program, { outGradient, weights, inGradient, shape });
  for (let i = 0; i < times; i++) {
    const accumulate = i > 0;
    conv2dBackwardWeights(program, {
      input,
      inputTiles,
      outGradient,
      weightGradient,
      biasGradient,
      shape,
      accumulate,
    });
  }
  (await program.build()).run();
  return {
    output: fromBlocks(await device.readFloats(output), images, outChannels, outPixels),
    inGradient: fromBlocks(await device.readFloats(inGradient), images, channels, inPixels),
    weightGradient: Float64Array.from(plain(shape, await device.readFloats(weightGradient))),
    biasGradient: Float64Array.from(await device.readFloats(biasGradient, 0, outChannels)),
  };
}

/** PyTorch's weights in the order of the device. */
function tiled(shape: Conv2dShape, weights: Float32Array): Float32Array<ArrayBuffer> {
  const result = new Float32Array(tiledCount(weightShape(shape)));
  intoTiles(weightShape(shape), weights, result);
  return result;
}

/** The inverse of {@link tiled}; padding has to be zero. */
function plain(shape: Conv2dShape, values: Float32Array): Float32Array {
  const { outChannels, channels, positions = 1, taps } = weightShape(shape);
  const result = new Float32Array(outChannels * channels * positions * taps);
  outOfTiles(weightShape(shape), values, result);
  assertEquals(tiled(shape, result), values, "padding is not zero");
  return result;
}

function close(
  what: string,
  actual: Float64Array,
  wanted: Float64Array,
  reduction: number,
  factor = 1,
): void {
  const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const error = wanted.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - actual[i])),
    0,
  );
  const bound = factor * 1e-6 * Math.sqrt(reduction) * largest;
  assert(error <= bound, `${what}: error ${error} exceeds ${bound}`);
}
