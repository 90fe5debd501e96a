/** Layers of decoders against PyTorch in float64, by the kernels of software adapters and of GPUs. */
import { assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { activationBytes, pixels, type Shape } from "../../kernels/tensors.ts";
import { Uniforms } from "../../src/gpu/uniforms.ts";
import { type Activation, type Layer, Trace } from "../../src/nn/layer.ts";
import { BatchNorm } from "../../src/nn/layers/batch_norm.ts";
import { InstanceNorm } from "../../src/nn/layers/instance_norm.ts";
import { PadMaxPool } from "../../src/nn/layers/pool.ts";
import { TransposedConvolution } from "../../src/nn/layers/transposed_convolution.ts";
import { CropMaxUnpool } from "../../src/nn/layers/unpool.ts";
import { Upsample } from "../../src/nn/layers/upsample.ts";
import { inputShape, Network } from "../../src/nn/network.ts";
import { stepFields } from "../../src/nn/training/buffers.ts";
import { limitedDevice } from "../gpu/limited_device.ts";
import { fromBlocks, toBlocks } from "../kernels/conv/reference.ts";
import { Bench, onDevice } from "../kernels/on_device.ts";
import { uniform } from "./fixture.ts";

/** A result of make_decoder_layers.py. */
interface Kept {
  norm: number;
  step: number;
  values: number[];
}

interface Fixture {
  input: number[];
  output: number[];
  y: Kept;
  dx: Kept;
  gradients: Record<string, Kept>;
}

const fixtures: Record<string, Fixture> = JSON.parse(
  Deno.readTextFileSync(new URL("../fixtures/nn/decoder_layers.json", import.meta.url)),
);

const volumes = { dimensions: 3, kernel: 3, stride: 2, padding: 1 } as const;
const imagePool = new PadMaxPool("0", 2, true);
const volumePool = new PadMaxPool("1", 3, true);
const layers: Record<string, Layer[]> = {
  "a transposed convolution of images": [
    new TransposedConvolution("0", {
      ...volumes,
      inChannels: 5,
      outChannels: 6,
      dimensions: 2,
      outputPadding: 1,
    }),
  ],
  "a transposed convolution of 36 channels": [
    new TransposedConvolution("0", { inChannels: 36, outChannels: 33, kernel: 3, padding: 1 }),
  ],
  "a transposed convolution of volumes": [
    new TransposedConvolution("0", {
      ...volumes,
      inChannels: 5,
      outChannels: 6,
      kernel: 4,
      outputPadding: [1, 0, 1],
      bias: false,
    }),
  ],
  "a transposed convolution of volumes to one channel": [
    new TransposedConvolution("0", { ...volumes, inChannels: 6, outChannels: 1, outputPadding: 1 }),
  ],
  "a transposed convolution that skips voxels": [
    new TransposedConvolution("0", {
      ...volumes,
      inChannels: 3,
      outChannels: 5,
      kernel: 2,
      stride: 3,
      padding: 0,
    }),
  ],
  "instance normalisation of images": [new InstanceNorm("0")],
  "instance normalisation of volumes with LeakyReLU of slope 0.2, and again with ReLU": [
    new InstanceNorm("0", { dimensions: 3, activation: "leaky_relu", slope: 0.2 }),
    new InstanceNorm("1", { dimensions: 3, activation: "relu" }),
  ],
  "nearest upsampling of images": [new Upsample("0")],
  "nearest upsampling of volumes": [new Upsample("0", 3)],
  "unpooling of images": [
    imagePool,
    new InstanceNorm("1"),
    new CropMaxUnpool("2", imagePool, [1, 9, 6]),
  ],
  "unpooling of volumes whose pool is fused with the normalisation before it": [
    new BatchNorm("0", 6, "relu", 3),
    volumePool,
    new InstanceNorm("2", { dimensions: 3 }),
    new CropMaxUnpool("3", volumePool, [5, 4, 7]),
  ],
};

function operand(stream: number, count: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(uniform(stream, count), (value) => 2 * value - 1);
}

/** An activation in the device's layout. */
function inBlocks(stream: number, { batch, channels, ...size }: Shape): Float32Array<ArrayBuffer> {
  const count = pixels(size);
  return toBlocks(operand(stream, batch * channels * count), batch, channels, count);
}

function outOfBlocks(values: Float32Array, { batch, channels, ...size }: Shape): Float64Array {
  return fromBlocks(values, batch, channels, pixels(size));
}

/** Values in PyTorch's order, and in training gradients, of a batch. */
async function compute(
  bench: Bench,
  network: Network,
  batch: number,
  mode: "train" | "evaluate" = "train",
) {
  const shape = network.inputShape(batch);
  const output = network.layers.reduce((input, layer) => layer.outputShape(input), shape);
  const layout = network.parameters;
  const weights = new Float32Array(layout.length);
  layout.tensors.forEach(({ offset, count }, i) => weights.set(operand(3 + i, count), offset));
  const buffers = {
    parameters: bench.buffer(layout.toDevice(weights)),
    statistics: bench.buffer(network.createInitialStatistics()),
    gradients: bench.buffer(layout.deviceLength * 4),
    nonFiniteSteps: bench.buffer(64),
  };
  const [y, dx] = [output, shape].map((of) => bench.buffer(activationBytes(of)));
  const results = await bench.run((program) => {
    const trace = new Trace({
      program,
      mode,
      parameters: layout,
      statistics: network.statistics,
      buffers,
      params: new Uniforms(bench.device, "step", stepFields).buffer,
    });
    const x: Activation = {
      shape,
      tensor: bench.buffer(inBlocks(1, shape)),
      requiresGradient: mode === "train",
    };
    const result = network.record(trace, x);
    program.copy(result.tensor, y);
    result.gradient = bench.buffer(inBlocks(2, output));
    trace.backward();
    if (x.gradient) program.copy(x.gradient, dx);
    return [y, dx, buffers.gradients];
  });
  const gradients = layout.toHost(results[2]);
  return {
    output: [
      batch,
      output.channels,
      ...network.input.length === 4 ? [output.depth] : [],
      output.height,
      output.width,
    ],
    y: outOfBlocks(results[0], output),
    dx: outOfBlocks(results[1], shape),
    gradients: layout.tensors.map(({ offset, count }) =>
      gradients.subarray(offset, offset + count)
    ),
  };
}

function assertKept(values: ArrayLike<number>, { norm, step, values: kept }: Kept, what: string) {
  const all = Array.from(values);
  assertEquals(Math.ceil(all.length / step), kept.length, what);
  assertAlmostEquals(Math.hypot(...all), norm, 1e-6 * norm, what);
  const typical = norm / Math.sqrt(all.length);
  kept.forEach((value, i) => assertAlmostEquals(all[i * step], value, 2e-5 * typical, what));
}

assertEquals(Object.keys(layers), Object.keys(fixtures));

Deno.test("layers of decoders give PyTorch's values and gradients", async (t) => {
  await onDevice(async (bench) => {
    for (const [name, { input: [batch, ...input], ...expected }] of Object.entries(fixtures)) {
      await t.step(`${name}, by kernels of ${bench.device.class} adapters`, async () => {
        const network = new Network("decoder", inputShape(input), 1, layers[name]);
        const found = await compute(bench, network, batch);
        assertEquals(found.output, expected.output);
        assertKept(found.y, expected.y, "y");
        assertKept(found.dx, expected.dx, "dx");
        Object.entries(expected.gradients).forEach(([of, kept], i) =>
          assertKept(found.gradients[i], kept, of)
        );
      });
    }
  });
});

Deno.test("bindings that hold a part of an operand give the same bits", async () => {
  const pool = new PadMaxPool("0", 3, true);
  const network = new Network("decoder", [4, 5, 16, 13], 1, [
    pool,
    new InstanceNorm("1", { dimensions: 3 }),
    new CropMaxUnpool("2", pool, [5, 16, 13]),
    new InstanceNorm("3", { dimensions: 3, activation: "leaky_relu" }),
  ]);
  await onDevice(async (bench) => {
    const limited = limitedDevice(bench.device, { maxStorageBufferBindingSize: 2 ** 15 });
    const expected = await compute(bench, network, 2);
    assertEquals(await compute(new Bench(limited), network, 2), expected);
  });
});

Deno.test("a transposed convolution refuses an output padding that its stride does not reach", () => {
  const options = { inChannels: 4, outChannels: 4, kernel: 3, stride: 2 };
  assertThrows(
    () => new TransposedConvolution("up", { ...options, outputPadding: [0, 2] }),
    RangeError,
    "up: an output padding of 0,2 is not below the stride",
  );
});

Deno.test("instance normalisation refuses channels of one value", () => {
  const shape = { batch: 8, channels: 4, depth: 1, height: 1, width: 1 };
  assertThrows(
    () => new InstanceNorm("norm").outputShape(shape),
    RangeError,
    "norm needs more than one value a channel",
  );
});

Deno.test("an unpooling goes back to the maxima in evaluation as in training", async () => {
  const network = new Network("decoder", [5, 9, 6], 1, layers["unpooling of images"]);
  await onDevice(async (bench) => {
    const { y } = await compute(bench, network, 3, "evaluate");
    assertEquals(y, (await compute(bench, network, 3)).y);
  });
});

Deno.test("an unpooling refuses maps that its pool does not give, and a pool without positions", async () => {
  const unpool = new CropMaxUnpool("up", volumePool, [5, 4, 7]);
  const shape = { batch: 1, channels: 4, depth: 2, height: 2, width: 4 };
  assertThrows(
    () => unpool.outputShape(shape),
    RangeError,
    "up takes maps of 3x2x4, as 1 gives, not 2x2x4",
  );
  const pool = new PadMaxPool("down");
  const network = new Network("decoder", [4, 6, 6], 1, [
    pool,
    new CropMaxUnpool("up", pool, [1, 6, 6]),
  ]);
  await onDevice(async (bench) => {
    await assertRejects(() => compute(bench, network, 1), TypeError, "up: down kept no positions");
  });
});
