/**
 * Every layer's gradients against central differences of its own forward pass: the derivative along
 * a random direction of all inputs, and of all parameters, of a random projection of the output.
 */
import { assert } from "@std/assert";
import { openDevice } from "../../src/gpu/device.ts";
import { ProgramBuilder } from "../../src/gpu/program.ts";
import { Uniforms } from "../../src/gpu/uniforms.ts";
import { activationBytes, pixels } from "../../kernels/tensors.ts";
import { stepFields } from "../../src/nn/training/buffers.ts";
import { type Activation, type Layer, Trace } from "../../src/nn/layer.ts";
import { ActivationLayer, Dropout } from "../../src/nn/layers/activation.ts";
import { BatchNorm } from "../../src/nn/layers/batch_norm.ts";
import { Convolution } from "../../src/nn/layers/convolution.ts";
import { InstanceNorm } from "../../src/nn/layers/instance_norm.ts";
import { GaussianLatent } from "../../src/nn/layers/latent.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import { AdaptiveAveragePool, MaxPool, PadMaxPool } from "../../src/nn/layers/pool.ts";
import { PaddedShortcut } from "../../src/nn/layers/padded_shortcut.ts";
import { basicBlock, ResidualBlock } from "../../src/nn/layers/residual.ts";
import { SkipConnection } from "../../src/nn/layers/skip.ts";
import { TransposedConvolution } from "../../src/nn/layers/transposed_convolution.ts";
import { SqueezeExcitation } from "../../src/nn/layers/squeeze_excitation.ts";
import { Unflatten } from "../../src/nn/layers/unflatten.ts";
import { Upsample } from "../../src/nn/layers/upsample.ts";
import { type InputShape, Network } from "../../src/nn/network.ts";
import { toBlocks } from "../kernels/conv/reference.ts";
import { numbers } from "../kernels/on_device.ts";

const batch = 3;

interface Case {
  layer: Layer;
  input: InputShape;
  /** Step of the differences: large for what is linear, small where kinks are near. */
  epsilon: number;
}

const convolution = { inChannels: 5, outChannels: 7, kernel: 3 };
/** Of the case of `GaussianLatent`. */
const dimensions = 6;
const cases: Record<string, Case> = {
  "a convolution with stride and padding": {
    layer: new Convolution("conv", { ...convolution, stride: 2, padding: 1 }),
    input: [5, 9, 8],
    epsilon: 0.1,
  },
  "a convolution of 36 channels": {
    layer: new Convolution("conv", { inChannels: 36, outChannels: 40, kernel: 3, padding: 1 }),
    input: [36, 14, 14],
    epsilon: 0.1,
  },
  "a linear layer over maps": {
    layer: new Linear("fc", 5 * 12, 9, 12),
    input: [5, 3, 4],
    epsilon: 0.1,
  },
  "an unflattening": {
    layer: new Unflatten("map", { channels: 5, depth: 1, height: 2, width: 3 }),
    input: [30, 1, 1],
    epsilon: 0.1,
  },
  "a skip connection around a convolution": {
    layer: new SkipConnection("skip", [
      new Convolution("conv", { inChannels: 4, outChannels: 8, kernel: 3, padding: 1 }),
      new ActivationLayer("tanh", "tanh"),
    ]),
    input: [4, 6, 5],
    epsilon: 0.01,
  },
  "samples of a latent distribution, of a bounded mean": {
    layer: new GaussianLatent("latent", {
      mean: "mean",
      logVariance: "log_variance",
      inFeatures: 5 * 12,
      positions: 12,
      dimensions,
      bounded: true,
    }),
    input: [5, 3, 4],
    epsilon: 0.01,
  },
  "batch normalisation": { layer: new BatchNorm("bn", 6), input: [6, 7, 5], epsilon: 0.01 },
  "batch normalisation with tanh": {
    layer: new BatchNorm("bn", 6, "tanh"),
    input: [6, 7, 5],
    epsilon: 0.01,
  },
  "batch normalisation with ReLU": {
    layer: new BatchNorm("bn", 6, "relu"),
    input: [6, 7, 5],
    epsilon: 0.002,
  },
  "max pooling": { layer: new MaxPool("pool", 3, 2, 1), input: [5, 9, 8], epsilon: 5e-4 },
  "max pooling with padding in front": {
    layer: new PadMaxPool("pool"),
    input: [5, 9, 7],
    epsilon: 5e-4,
  },
  "adaptive average pooling": {
    layer: new AdaptiveAveragePool("pool", [3, 2]),
    input: [5, 7, 5],
    epsilon: 0.1,
  },
  "a convolution of volumes with stride and padding": {
    layer: new Convolution("conv", { ...convolution, dimensions: 3, stride: 2, padding: 1 }),
    input: [5, 5, 6, 7],
    epsilon: 0.1,
  },
  "a transposed convolution of volumes": {
    layer: new TransposedConvolution("conv", {
      ...convolution,
      dimensions: 3,
      stride: 2,
      padding: 1,
      outputPadding: [0, 1, 0],
    }),
    input: [5, 3, 2, 4],
    epsilon: 0.1,
  },
  "a linear layer over volumes": {
    layer: new Linear("fc", 5 * 24, 9, 24),
    input: [5, 2, 3, 4],
    epsilon: 0.1,
  },
  "batch normalisation of volumes with ELU": {
    layer: new BatchNorm("bn", 6, "elu", 3),
    input: [6, 3, 5, 4],
    epsilon: 0.002,
  },
  "instance normalisation of volumes with tanh": {
    layer: new InstanceNorm("norm", { dimensions: 3, activation: "tanh" }),
    input: [6, 3, 5, 4],
    epsilon: 0.01,
  },
  "max pooling of volumes": {
    layer: new MaxPool("pool", 3, 2, 0, 3),
    input: [5, 5, 7, 6],
    epsilon: 2e-4,
  },
  "max pooling of volumes with padding in front": {
    layer: new PadMaxPool("pool", 3),
    input: [5, 3, 4, 5],
    epsilon: 5e-4,
  },
  "adaptive average pooling of volumes": {
    layer: new AdaptiveAveragePool("pool", [2, 3, 1]),
    input: [5, 3, 7, 4],
    epsilon: 0.1,
  },
  "nearest upsampling of volumes": {
    layer: new Upsample("upsample", 3),
    input: [5, 3, 2, 5],
    epsilon: 0.1,
  },
  dropout: { layer: new Dropout("dropout", 0.4), input: [5, 7, 5], epsilon: 0.1 },
  "a residual block": { layer: basicBlock("block", 8, 8, 1), input: [8, 8, 8], epsilon: 5e-5 },
  "a residual block with a shortcut": {
    layer: basicBlock("block", 8, 12, 2),
    input: [8, 9, 8],
    epsilon: 5e-5,
  },
  "a residual block of volumes with MONAI's shortcut": {
    layer: basicBlock("block", 8, 12, 2, { dimensions: 3, shortcut: "biased convolution" }),
    input: [8, 5, 4, 6],
    epsilon: 5e-5,
  },
  "a padded shortcut": {
    layer: new PaddedShortcut("downsample", 8, 14, 2),
    input: [8, 5, 4, 7],
    epsilon: 0.1,
  },
  "a residual block of volumes with a padded shortcut": {
    layer: basicBlock("block", 8, 12, 2, { dimensions: 3, shortcut: "padded" }),
    input: [8, 5, 4, 6],
    epsilon: 5e-5,
  },
  "a residual block of volumes with ELU and a convolution as shortcut": {
    layer: new ResidualBlock("block", {
      inChannels: 5,
      outChannels: 8,
      dimensions: 3,
      activation: "elu",
      shortcut: {
        layer: new Convolution("block.shortcut.0", {
          inChannels: 5,
          outChannels: 8,
          dimensions: 3,
          kernel: 1,
          bias: false,
        }),
      },
    }),
    input: [5, 4, 5, 6],
    epsilon: 5e-4,
  },
  "squeeze and excitation of volumes": {
    layer: new SqueezeExcitation("se_block", 16),
    input: [16, 3, 4, 5],
    epsilon: 0.005,
  },
  "a residual block of volumes with squeeze and excitation": {
    layer: new ResidualBlock("block", {
      inChannels: 5,
      outChannels: 16,
      dimensions: 3,
      excited: true,
      shortcut: {
        layer: new Convolution("block.shortcut.0", {
          inChannels: 5,
          outChannels: 16,
          dimensions: 3,
          kernel: 1,
          bias: false,
        }),
      },
    }),
    input: [5, 4, 5, 6],
    epsilon: 5e-5,
  },
  ...Object.fromEntries(
    ([["relu", 5e-4], ["leaky_relu", 5e-4], ["elu", 0.005], ["sigmoid", 0.005], [
      "tanh",
      0.005,
    ]] as const)
      .map(([name, epsilon]) => [
        name,
        { layer: new ActivationLayer(name, name), input: [5, 7, 5] as const, epsilon },
      ]),
  ),
};

/** Distinct values in (-1, 1) in random order, none nearer than 1 / (2 count) to 0 or another. */
function apart(count: number): Float32Array<ArrayBuffer> {
  const keys = numbers(count, 9);
  const order = [...keys.keys()].sort((a, b) => keys[a] - keys[b]);
  const values = new Float32Array(count);
  order.forEach((at, rank) => values[at] = (2 * rank + 1.5) / count - 1);
  return values;
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

async function differences({ layer, input, epsilon }: Case): Promise<void> {
  const network = new Network("one layer", input, 1, [layer]);
  const shape = network.inputShape(batch);
  const device = await openDevice();
  try {
    const { channels } = shape;
    const inBlocks = (values: Float32Array) => toBlocks(values, batch, channels, pixels(shape));
    const x = inBlocks(apart(batch * channels * pixels(shape)));
    const alongX = inBlocks(numbers(batch * channels * pixels(shape), 2));
    const layout = network.parameters;
    const initial = network.createInitialParameters(1).map((value, i, all) =>
      value === 0 || value === 1 ? value + 0.1 * Math.sin(i + all.length) : value
    );
    const parameters = layout.toDevice(initial);
    const alongParameters = layout.toDevice(numbers(initial.length, 3));
    const buffer = (content: number | Float32Array<ArrayBuffer>) => device.buffer("test", content);
    const at = buffer(x), weights = buffer(parameters);
    const gradients = buffer(parameters.byteLength), xGradient = buffer(x.byteLength);
    const output = layer.outputShape(shape);
    const projection = toBlocks(
      numbers(batch * output.channels * pixels(output), 4),
      batch,
      output.channels,
      pixels(output),
    );
    const cotangent = buffer(projection), y = buffer(activationBytes(output));
    const step = new Uniforms(device, "step", stepFields);
    step.set({ step: 1, seed: 5, share: 1 });
    const builder = new ProgramBuilder(device, "layer");
    const trace = new Trace({
      program: builder,
      mode: "train",
      parameters: layout,
      statistics: network.statistics,
      buffers: {
        parameters: weights,
        statistics: buffer(network.createInitialStatistics()),
        gradients,
        nonFiniteSteps: buffer(64),
        latentNoise: buffer(numbers(batch * dimensions, 5)),
      },
      params: step.buffer,
    });
    const traced: Activation = { shape, tensor: at, requiresGradient: true };
    const result = network.record(trace, traced);
    builder.copy(result.tensor, y);
    result.gradient = cotangent;
    trace.backward();
    assert(traced.gradient, "the input got no gradient");
    builder.copy(traced.gradient, xGradient);
    const program = await builder.build();

    const projected = async () => {
      program.run();
      return dot(await device.readFloats(y), projection);
    };
    const slope = async (target: typeof at, values: Float32Array, along: Float32Array) => {
      const moved = async (way: number) => {
        device.write(target, values.map((value, i) => value + way * along[i]));
        return await projected();
      };
      const central = (await moved(epsilon) - await moved(-epsilon)) / (2 * epsilon);
      device.write(target, Float32Array.from(values));
      return central;
    };
    const close = (what: string, given: number, expected: number, scale: number) =>
      assert(
        Math.abs(given - expected) <= 5e-3 * scale,
        `${what}: ${given} by the gradient, ${expected} by differences (scale ${scale})`,
      );
    await projected();
    const byInput = await device.readFloats(xGradient, 0, x.length);
    const byParameters = await device.readFloats(gradients, 0, parameters.length);
    // Random signs cancel in a sum, so it is held against the length of the gradient.
    const length = (values: ArrayLike<number>) => Math.sqrt(dot(values, values));
    const scale = length(byInput);
    assert(scale > 0);
    close("input", dot(byInput, alongX), await slope(at, x, alongX), scale);
    if (layer.parameters.length === 0) return;
    const expected = await slope(weights, parameters, alongParameters);
    const parameterScale = length(byParameters);
    assert(parameterScale > 0);
    close("parameters", dot(byParameters, alongParameters), expected, parameterScale);
  } finally {
    device.destroy();
  }
}

for (const [name, problem] of Object.entries(cases)) {
  Deno.test(`finite differences give the gradients of ${name}`, () => differences(problem));
}
