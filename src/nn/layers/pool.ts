/** Max pooling and adaptive average pooling. */
import {
  adaptiveAverageBackward,
  adaptiveAverageForward,
  maxPoolBackward,
  maxPoolForward,
  pooledShape,
  type Window,
} from "../../../kernels/pool.ts";
import type { Shape } from "../../../kernels/tensors.ts";
import type { Activation, Layer, LayerSummary, Trace } from "../layer.ts";

/** `torch.nn.MaxPool2d(kernel, stride, padding)`: the largest value of each window. */
export class MaxPool implements Layer {
  readonly parameters = [];
  readonly statistics = [];

  constructor(
    readonly name: string,
    readonly kernel: number,
    readonly stride: number,
    readonly padding = 0,
  ) {}

  /** The window for an input; {@link PadMaxPool} pads by the input's parity. */
  protected window(_input: Shape): Window {
    return {
      kernel: [this.kernel, this.kernel],
      stride: [this.stride, this.stride],
      padFront: [this.padding, this.padding],
      padBack: [this.padding, this.padding],
    };
  }

  outputShape(input: Shape): Shape {
    const output = pooledShape(input, this.window(input));
    if (output.height < 1 || output.width < 1) {
      throw new RangeError(`${this.name}: an input of ${input.height}x${input.width} is too small`);
    }
    return output;
  }

  summarise(input: Shape): LayerSummary[] {
    const output = this.outputShape(input);
    return [{ name: this.name, kind: "MaxPool2d", output, parameters: 0, macs: 0 }];
  }

  record(trace: Trace, x: Activation): Activation {
    const output = this.outputShape(x.shape);
    const tensor = trace.tensor(this.name, output);
    const common = { input: x.shape, window: this.window(x.shape), label: this.name };
    const positions = maxPoolForward(trace.program, { ...common, x: x.tensor, y: tensor });
    const y = trace.activation(tensor, output, [x]);
    trace.onBackward(y, (dy) =>
      trace.give(x, this.name, (dx) => {
        maxPoolBackward(trace.program, { ...common, positions, dy, dx });
      }));
    return y;
  }
}

/** ClinicaDL's `PadMaxPool2d(2, 2)`: a row or column of zeros is added in front of an odd side. */
export class PadMaxPool extends MaxPool {
  constructor(name: string) {
    super(name, 2, 2);
  }

  protected override window(input: Shape): Window {
    return {
      kernel: [2, 2],
      stride: [2, 2],
      padFront: [input.height % 2, input.width % 2],
      padBack: [0, 0],
      zeroPadded: true,
    };
  }
}

/**
 * `torch.nn.AdaptiveAvgPool2d([height, width])`: output row i is the mean of input rows
 * floor(i H / height) to ceil((i + 1) H / height) - 1, and columns likewise; 1 x 1 averages a channel.
 */
export class AdaptiveAveragePool implements Layer {
  readonly parameters = [];
  readonly statistics = [];

  constructor(readonly name: string, readonly height = 1, readonly width = 1) {}

  outputShape(input: Shape): Shape {
    return { ...input, height: this.height, width: this.width };
  }

  summarise(input: Shape): LayerSummary[] {
    const output = this.outputShape(input);
    return [{ name: this.name, kind: "AdaptiveAvgPool2d", output, parameters: 0, macs: 0 }];
  }

  record(trace: Trace, x: Activation): Activation {
    const output = this.outputShape(x.shape);
    const tensor = trace.tensor(this.name, output);
    const common = { input: x.shape, output, label: this.name };
    adaptiveAverageForward(trace.program, { ...common, x: x.tensor, y: tensor });
    const y = trace.activation(tensor, output, [x]);
    trace.onBackward(y, (dy) =>
      trace.give(x, this.name, (dx) => {
        adaptiveAverageBackward(trace.program, { ...common, dy, dx });
      }));
    return y;
  }
}
