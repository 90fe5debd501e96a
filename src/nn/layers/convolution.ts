/** Convolution of images or volumes, `torch.nn.Conv2d` and `torch.nn.Conv3d`. */
import {
  convBackwardData,
  convBackwardWeights,
  convForward,
  convOutput,
  type ConvShape,
} from "../../../kernels/conv/mod.ts";
import { pixels, type Shape, sizeText } from "../../../kernels/tensors.ts";
import type { Activation, Layer, LayerSummary, Trace } from "../layer.ts";
import type { Initialisation } from "../initialisation.ts";
import type { TensorSpec } from "../parameters.ts";

export interface ConvolutionOptions {
  inChannels: number;
  outChannels: number;
  /** Axes of a map: 2 (the default) or 3. */
  dimensions?: 2 | 3;
  /** Taps along each axis; stride and padding likewise. */
  kernel: number;
  stride?: number;
  padding?: number;
  bias?: boolean;
  /** `default` is PyTorch's, `he` is ResNet's: N(0, 2 / (taps * outChannels)). */
  initialisation?: "default" | "he";
}

export class Convolution implements Layer {
  readonly parameters: readonly TensorSpec[];
  readonly statistics: readonly TensorSpec[] = [];
  /** Positions of the kernel. */
  readonly #taps: number;

  constructor(readonly name: string, readonly options: ConvolutionOptions) {
    const { inChannels, outChannels, kernel, dimensions = 2, bias = true, initialisation } =
      options;
    const taps = kernel ** dimensions;
    this.#taps = taps;
    const uniform: Initialisation = {
      kind: "uniform",
      bound: 1 / Math.sqrt(inChannels * taps),
    };
    const weight: Initialisation = initialisation === "he"
      ? { kind: "normal", deviation: Math.sqrt(2 / (taps * outChannels)) }
      : uniform;
    const shape = [outChannels, inChannels, ...Array(dimensions).fill(kernel)];
    this.parameters = [
      {
        name: `${name}.weight`,
        shape,
        initialisation: weight,
        tiles: { outChannels, channels: inChannels, taps },
      },
      ...(bias ? [{ name: `${name}.bias`, shape: [outChannels], initialisation: uniform }] : []),
    ];
  }

  #shape(input: Shape): ConvShape {
    const { outChannels, dimensions = 2, kernel, stride = 1, padding = 0 } = this.options;
    const is3d = dimensions === 3;
    return {
      images: input.batch,
      channels: input.channels,
      depth: input.depth,
      height: input.height,
      width: input.width,
      outChannels,
      kernel: [is3d ? kernel : 1, kernel, kernel],
      stride: [is3d ? stride : 1, stride, stride],
      padding: [is3d ? padding : 0, padding, padding],
    };
  }

  outputShape(input: Shape): Shape {
    if (input.channels !== this.options.inChannels) {
      throw new RangeError(
        `${this.name} takes ${this.options.inChannels} channels, not ${input.channels}`,
      );
    }
    const { dimensions = 2 } = this.options;
    if (dimensions === 2 && input.depth > 1) {
      throw new RangeError(
        `${this.name} convolves images, not volumes of ${sizeText(input, 3)}`,
      );
    }
    const [depth, height, width] = convOutput(this.#shape(input));
    if (Math.min(depth, height, width) < 1) {
      const size = sizeText(input, dimensions);
      throw new RangeError(`${this.name}: an input of ${size} is too small`);
    }
    return { batch: input.batch, channels: this.options.outChannels, depth, height, width };
  }

  summarise(input: Shape): LayerSummary[] {
    const output = this.outputShape(input);
    const { inChannels, outChannels, dimensions = 2 } = this.options;
    const weights = outChannels * inChannels * this.#taps;
    return [{
      name: this.name,
      kind: `Conv${dimensions}d`,
      output,
      parameters: weights + (this.parameters.length > 1 ? outChannels : 0),
      macs: weights * pixels(output),
    }];
  }

  record(trace: Trace, x: Activation): Activation {
    const { program } = trace;
    const shape = { ...this.#shape(x.shape), repeated: x.repeated };
    const output = this.outputShape(x.shape);
    const names = this.parameters.map((parameter) => parameter.name);
    const [weight, bias] = names;
    const weights = trace.parameter(weight);
    const tensor = trace.tensor(this.name, output);
    const prepared = convForward(program, {
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
        convBackwardWeights(program, {
          input: x.tensor,
          prepared,
          outGradient,
          weightGradient: trace.gradient(weight),
          biasGradient: bias === undefined ? undefined : trace.gradient(bias),
          shape,
          accumulate: trace.accumulate,
          label: this.name,
        });
      }
      trace.give(x, this.name, (inGradient) => {
        convBackwardData(program, { outGradient, weights, inGradient, shape, label: this.name });
      });
    });
    return y;
  }
}
