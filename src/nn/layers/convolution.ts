/** 2D convolution, `torch.nn.Conv2d`. */
import {
  conv2dBackwardData,
  conv2dBackwardWeights,
  conv2dForward,
  conv2dOutput,
  type Conv2dShape,
} from "../../../kernels/conv/mod.ts";
import type { Shape } from "../../../kernels/tensors.ts";
import type { Activation, Layer, LayerSummary, Trace } from "../layer.ts";
import type { Initialisation } from "../initialisation.ts";
import type { TensorSpec } from "../parameters.ts";

export interface ConvolutionOptions {
  inChannels: number;
  outChannels: number;
  kernel: number;
  stride?: number;
  padding?: number;
  bias?: boolean;
  /** `default` is PyTorch's, `he` is ResNet's: N(0, 2 / (kernel² outChannels)). */
  initialisation?: "default" | "he";
}

export class Convolution implements Layer {
  readonly parameters: readonly TensorSpec[];
  readonly statistics: readonly TensorSpec[] = [];

  constructor(readonly name: string, readonly options: ConvolutionOptions) {
    const { inChannels, outChannels, kernel, bias = true, initialisation } = options;
    const uniform: Initialisation = {
      kind: "uniform",
      bound: 1 / Math.sqrt(inChannels * kernel * kernel),
    };
    const weight: Initialisation = initialisation === "he"
      ? { kind: "normal", deviation: Math.sqrt(2 / (kernel * kernel * outChannels)) }
      : uniform;
    const shape = [outChannels, inChannels, kernel, kernel];
    this.parameters = [
      {
        name: `${name}.weight`,
        shape,
        initialisation: weight,
        tiles: { outChannels, channels: inChannels, taps: kernel * kernel },
      },
      ...(bias ? [{ name: `${name}.bias`, shape: [outChannels], initialisation: uniform }] : []),
    ];
  }

  #shape(input: Shape): Conv2dShape {
    const { outChannels, kernel, stride = 1, padding = 0 } = this.options;
    return {
      images: input.batch,
      channels: input.channels,
      height: input.height,
      width: input.width,
      outChannels,
      kernel: [kernel, kernel],
      stride: [stride, stride],
      padding: [padding, padding],
    };
  }

  outputShape(input: Shape): Shape {
    if (input.channels !== this.options.inChannels) {
      throw new RangeError(
        `${this.name} takes ${this.options.inChannels} channels, not ${input.channels}`,
      );
    }
    const [height, width] = conv2dOutput(this.#shape(input));
    if (height < 1 || width < 1) {
      throw new RangeError(`${this.name}: an input of ${input.height}x${input.width} is too small`);
    }
    return { batch: input.batch, channels: this.options.outChannels, height, width };
  }

  summarise(input: Shape): LayerSummary[] {
    const output = this.outputShape(input);
    const { inChannels, outChannels, kernel } = this.options;
    const weights = outChannels * inChannels * kernel * kernel;
    return [{
      name: this.name,
      kind: "Conv2d",
      output,
      parameters: weights + (this.parameters.length > 1 ? outChannels : 0),
      macs: weights * output.height * output.width,
    }];
  }

  record(trace: Trace, x: Activation): Activation {
    const { program } = trace;
    const shape = this.#shape(x.shape);
    const output = this.outputShape(x.shape);
    const names = this.parameters.map((parameter) => parameter.name);
    const [weight, bias] = names;
    const weights = trace.parameter(weight);
    const tensor = trace.tensor(this.name, output);
    const inputTiles = conv2dForward(program, {
      input: x.tensor,
      weights,
      bias: bias === undefined ? undefined : trace.parameter(bias),
      output: tensor,
      shape,
      label: this.name,
    });
    const y = trace.activation(tensor, output, [x], names);
    trace.onBackward(y, (outGradient) => {
      if (names.some((name) => trace.trainable(name))) {
        conv2dBackwardWeights(program, {
          input: x.tensor,
          inputTiles,
          outGradient,
          weightGradient: trace.gradient(weight),
          biasGradient: bias === undefined ? undefined : trace.gradient(bias),
          shape,
          accumulate: trace.accumulate,
          label: this.name,
        });
      }
      trace.give(x, this.name, (inGradient) => {
        conv2dBackwardData(program, { outGradient, weights, inGradient, shape, label: this.name });
      });
    });
    return y;
  }
}
