/** Transposed convolution of images or volumes, `torch.nn.ConvTranspose2d` and `ConvTranspose3d`. */
import { recordBiasGradient } from "../../../kernels/conv/bias_gradient.ts";
import {
  convBackwardData,
  convBackwardWeights,
  convForward,
  type ConvShape,
} from "../../../kernels/conv/mod.ts";
import { type Axis, pixels, type Shape, sizeText, type Triple } from "../../../kernels/tensors.ts";
import type { Activation, Layer, LayerSummary, Trace } from "../layer.ts";
import type { Initialisation } from "../initialisation.ts";
import type { TensorSpec } from "../parameters.ts";
import type { ConvolutionOptions } from "./convolution.ts";

export interface TransposedConvolutionOptions extends Omit<ConvolutionOptions, "initialisation"> {
  /**
   * Rows by which the output is longer at its end, of all axes or of each in order: less than the stride,
   * since as many sizes have one size after the convolution that this one inverts.
   */
  outputPadding?: number | readonly number[];
}

/**
 * The data gradient of a convolution as a layer: a side of n becomes
 * (n - 1) stride - 2 padding + kernel + outputPadding. Weights are `[inChannels][outChannels][taps]`.
 */
export class TransposedConvolution implements Layer {
  readonly parameters: readonly TensorSpec[];
  readonly statistics: readonly TensorSpec[] = [];
  readonly #kernel: Triple;
  readonly #stride: Triple;
  readonly #padding: Triple;
  readonly #outputPadding: Triple;

  /** @throws {RangeError} an output padding that is not less than the stride */
  constructor(readonly name: string, readonly options: TransposedConvolutionOptions) {
    const { inChannels, outChannels, kernel, dimensions = 2, stride = 1, padding = 0 } = options;
    const { outputPadding = 0, bias = true } = options;
    const along = (numbers: number | readonly number[], flat: number): Triple => {
      const list = typeof numbers === "number" ? Array(dimensions).fill(numbers) : numbers;
      const [x, y, z = flat] = list.toReversed();
      return [z, y, x];
    };
    this.#kernel = along(kernel, 1);
    this.#stride = along(stride, 1);
    this.#padding = along(padding, 0);
    this.#outputPadding = along(outputPadding, 0);
    if (this.#outputPadding.some((rows, axis) => rows >= this.#stride[axis])) {
      throw new RangeError(
        `${name}: an output padding of ${outputPadding} is not below the stride`,
      );
    }
    const taps = kernel ** dimensions;
    // PyTorch counts the second axis of the weights, here the outputs.
    const initialisation: Initialisation = {
      kind: "uniform",
      bound: 1 / Math.sqrt(outChannels * taps),
    };
    this.parameters = [
      {
        name: `${name}.weight`,
        shape: [inChannels, outChannels, ...Array(dimensions).fill(kernel)],
        initialisation,
        tiles: { outChannels: inChannels, channels: outChannels, taps },
      },
      ...(bias ? [{ name: `${name}.bias`, shape: [outChannels], initialisation }] : []),
    ];
  }

  outputShape(input: Shape): Shape {
    const { inChannels, outChannels, dimensions = 2 } = this.options;
    if (input.channels !== inChannels) {
      throw new RangeError(`${this.name} takes ${inChannels} channels, not ${input.channels}`);
    }
    if (dimensions === 2 && input.depth > 1) {
      throw new RangeError(`${this.name} convolves images, not volumes of ${sizeText(input, 3)}`);
    }
    const side = (size: number, axis: Axis) =>
      (size - 1) * this.#stride[axis] - 2 * this.#padding[axis] + this.#kernel[axis] +
      this.#outputPadding[axis];
    const output = {
      batch: input.batch,
      channels: outChannels,
      depth: side(input.depth, 0),
      height: side(input.height, 1),
      width: side(input.width, 2),
    };
    if (Math.min(output.depth, output.height, output.width) < 1) {
      const size = sizeText(input, dimensions);
      throw new RangeError(`${this.name}: an input of ${size} is too small`);
    }
    return output;
  }

  summarise(input: Shape): LayerSummary[] {
    const { inChannels, outChannels, dimensions = 2, kernel } = this.options;
    const weights = inChannels * outChannels * kernel ** dimensions;
    return [{
      name: this.name,
      kind: `ConvTranspose${dimensions}d`,
      output: this.outputShape(input),
      parameters: weights + (this.parameters.length > 1 ? outChannels : 0),
      macs: weights * pixels(input),
    }];
  }

  /** The convolution, from output to input, whose data gradient this is. */
  #inverse({ channels: outChannels }: Shape, output: Shape): ConvShape {
    const { batch: images, channels, depth, height, width } = output;
    return {
      images,
      channels,
      depth,
      height,
      width,
      outChannels,
      kernel: this.#kernel,
      stride: this.#stride,
      padding: this.#padding,
    };
  }

  record(trace: Trace, x: Activation): Activation {
    const { program } = trace;
    const { name: label } = this;
    const output = this.outputShape(x.shape);
    const shape = this.#inverse(x.shape, output);
    const names = this.parameters.map((parameter) => parameter.name);
    const [weight, bias] = names;
    const weights = trace.parameter(weight);
    const tensor = trace.tensor(label, output);
    convBackwardData(program, {
      outGradient: x.tensor,
      weights,
      bias: bias === undefined ? undefined : trace.parameter(bias),
      inGradient: tensor,
      shape,
      label,
    });
    const y = trace.activation(tensor, output, [x], names);
    trace.onBackward(y, (dy) => {
      let prepared: ReturnType<typeof convForward>;
      trace.give(x, label, (dx) => {
        prepared = convForward(program, { input: dy, weights, output: dx, shape, label });
      });
      if (!names.some((name) => trace.trainable(name))) return;
      const { accumulate } = trace;
      convBackwardWeights(program, {
        input: dy,
        prepared,
        outGradient: x.tensor,
        weightGradient: trace.gradient(weight),
        shape,
        accumulate,
        label,
      });
      if (bias === undefined) return;
      recordBiasGradient(program, {
        outGradient: dy,
        biasGradient: trace.gradient(bias),
        images: shape.images,
        pixels: pixels(output),
        channels: output.channels,
        accumulate,
        label: `${label} bias gradient`,
      });
    });
    return y;
  }
}
