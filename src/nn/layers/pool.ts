/** Max pooling and adaptive average pooling. */
import {
  adaptiveAverageBackward,
  adaptiveAverageForward,
  maxPoolBackward,
  maxPoolForward,
  pooledShape,
  type Window,
} from "../../../kernels/pool.ts";
import { type Shape, sizeText, type Triple } from "../../../kernels/tensors.ts";
import type { PlannedTensor } from "../../gpu/program.ts";
import type { Activation, Layer, LayerSummary, Trace } from "../layer.ts";

/** `torch.nn.MaxPool2d(kernel, stride, padding)` or `MaxPool3d`: the largest value of each window. */
export class MaxPool implements Layer {
  readonly parameters = [];
  readonly statistics = [];

  constructor(
    readonly name: string,
    readonly kernel: number,
    readonly stride: number,
    readonly padding = 0,
    readonly dimensions: 2 | 3 = 2,
    /** Whether a layer behind it needs the places of maxima, PyTorch's `return_indices`. */
    readonly keepsPositions = false,
  ) {}

  /** The window for an input; {@link PadMaxPool} pads by the input's parity. */
  window(_input: Shape): Window {
    const { kernel, stride, padding } = this;
    const pad = this.along(padding, 0);
    return {
      kernel: this.along(kernel, 1),
      stride: this.along(stride, 1),
      padFront: pad,
      padBack: pad,
    };
  }

  /** A number along every axis; `flat` along the depth of an image. */
  protected along(number: number, flat: number): Triple {
    return [this.dimensions === 3 ? number : flat, number, number];
  }

  outputShape(input: Shape): Shape {
    const output = pooledShape(input, this.window(input));
    if (Math.min(output.depth, output.height, output.width) < 1) {
      throw new RangeError(
        `${this.name}: an input of ${sizeText(input, this.dimensions)} is too small`,
      );
    }
    return output;
  }

  summarise(input: Shape): LayerSummary[] {
    const output = this.outputShape(input);
    return [{
      name: this.name,
      kind: `MaxPool${this.dimensions}d`,
      output,
      parameters: 0,
      macs: 0,
    }];
  }

  record(trace: Trace, x: Activation): Activation {
    const output = this.outputShape(x.shape);
    const tensor = trace.tensor(this.name, output);
    const common = { input: x.shape, window: this.window(x.shape), label: this.name };
    const y = trace.activation(tensor, output, [x]);
    const positions = this.planPositions(trace, y);
    maxPoolForward(trace.program, { ...common, x: x.tensor, y: tensor, positions });
    if (!positions) return y;
    trace.onBackward(y, (dy) =>
      trace.give(x, this.name, (dx) => {
        maxPoolBackward(trace.program, { ...common, positions, dy, dx });
      }));
    return y;
  }

  /** A tensor for the places of maxima of the output, where gradients or a layer behind need them. */
  planPositions(trace: Trace, { shape, requiresGradient }: Activation): PlannedTensor | undefined {
    if (!requiresGradient && !this.keepsPositions) return;
    const positions = trace.tensor(`${this.name} positions`, shape);
    if (this.keepsPositions) trace.positions.set(this, positions);
    return positions;
  }
}

/**
 * ClinicaDL's `PadMaxPool2d(2, 2)` or `PadMaxPool3d(2, 2)`: a plane, row or column of zeros is added in
 * front of an odd side.
 */
export class PadMaxPool extends MaxPool {
  constructor(name: string, dimensions: 2 | 3 = 2, keepsPositions = false) {
    super(name, 2, 2, 0, dimensions, keepsPositions);
  }

  override window(input: Shape): Window {
    const depthPadding = this.dimensions === 3 ? input.depth % 2 : 0;
    return {
      ...super.window(input),
      padFront: [depthPadding, input.height % 2, input.width % 2],
      zeroPadded: true,
    };
  }
}

/**
 * `torch.nn.AdaptiveAvgPool2d([height, width])` or `AdaptiveAvgPool3d([depth, height, width])`: output
 * row i is the mean of input rows floor(i H / height) to ceil((i + 1) H / height) - 1, and planes and
 * columns likewise; a size of ones averages a channel.
 */
export class AdaptiveAveragePool implements Layer {
  readonly parameters = [];
  readonly statistics = [];

  /** @param size `[height, width]` or `[depth, height, width]` */
  constructor(
    readonly name: string,
    readonly size: readonly [number, number] | Triple = [1, 1],
  ) {}

  outputShape(input: Shape): Shape {
    const [width, height, depth = 1] = this.size.toReversed();
    return { ...input, depth, height, width };
  }

  summarise(input: Shape): LayerSummary[] {
    const output = this.outputShape(input);
    const kind = `AdaptiveAvgPool${this.size.length}d`;
    return [{ name: this.name, kind, output, parameters: 0, macs: 0 }];
  }

  record(trace: Trace, x: Activation): Activation {
    return recordAdaptiveAverage(trace, this.name, x, this.outputShape(x.shape));
  }
}

/** Records the adaptive average of `x` over a grid of any size, and its gradient. */
export function recordAdaptiveAverage(
  trace: Trace,
  label: string,
  x: Activation,
  output: Shape,
): Activation {
  const tensor = trace.tensor(label, output);
  const common = { input: x.shape, output, label };
  adaptiveAverageForward(trace.program, { ...common, x: x.tensor, y: tensor });
  const y = trace.activation(tensor, output, [x]);
  trace.onBackward(y, (dy) =>
    trace.give(x, label, (dx) => {
      adaptiveAverageBackward(trace.program, { ...common, dy, dx });
    }));
  return y;
}
