/** Squeeze-and-excitation (Hu, Shen and Sun, CVPR 2018): each channel is weighed by all channels' means. */
import { scaleChannels, sumChannels } from "../../../kernels/channel_sums.ts";
import { adaptiveAverageBackward } from "../../../kernels/pool.ts";
import type { Shape } from "../../../kernels/tensors.ts";
import type { Activation, Layer, LayerSummary, Trace } from "../layer.ts";
import type { TensorSpec } from "../parameters.ts";
import { ActivationLayer } from "./activation.ts";
import { Linear } from "./linear.ts";

/** Channels for each unit between the two linear layers. */
const REDUCTION = 8;

/** y = x * sigmoid(fc2(relu(fc1(mean of x)))), one factor a channel of each image. */
export class SqueezeExcitation implements Layer {
  readonly parameters: readonly TensorSpec[];
  readonly statistics = [];
  /** From means to factors. */
  readonly #layers: readonly Layer[];

  /** @param channels a multiple of 8 */
  constructor(readonly name: string, channels: number) {
    const units = channels / REDUCTION;
    this.#layers = [
      new Linear(`${name}.fc1`, channels, units),
      new ActivationLayer(`${name}.relu`, "relu"),
      new Linear(`${name}.fc2`, units, channels),
      new ActivationLayer(`${name}.sigmoid`, "sigmoid"),
    ];
    this.parameters = this.#layers.flatMap((layer) => layer.parameters);
  }

  outputShape(input: Shape): Shape {
    return input;
  }

  summarise(input: Shape): LayerSummary[] {
    let shape = vectorShape(input);
    const rows = this.#layers.flatMap((layer) => {
      const own = layer.summarise(shape);
      shape = layer.outputShape(shape);
      return own;
    });
    return [
      ...rows,
      { name: this.name, kind: "weighed channels", output: input, parameters: 0, macs: 0 },
    ];
  }

  record(trace: Trace, x: Activation): Activation {
    const means = this.#recordMeans(trace, x);
    const factors = this.#layers.reduce((y, layer) => layer.record(trace, y), means);
    const { shape } = x;
    const tensor = trace.tensor(this.name, shape);
    const factor = factors.tensor;
    const label = this.name;
    scaleChannels(trace.program, { shape, x: x.tensor, factor, y: tensor, label });
    const y = trace.activation(tensor, shape, [x, factors]);
    trace.onBackward(y, (dy) => {
      trace.give(factors, `${label} factors`, (sums) => {
        sumChannels(trace.program, { shape, x: x.tensor, factor: dy, sums, label });
      });
      trace.give(x, label, (dx) => {
        scaleChannels(trace.program, { shape, x: dy, factor, y: dx, label });
      });
    });
    return y;
  }

  #recordMeans(trace: Trace, x: Activation): Activation {
    const { program } = trace;
    const output = vectorShape(x.shape);
    const label = `${this.name} means`;
    const sums = trace.tensor(label, output);
    sumChannels(program, { shape: x.shape, x: x.tensor, mean: true, sums, label });
    const means = trace.activation(sums, output, [x]);
    trace.onBackward(means, (dy) => {
      trace.give(x, label, (dx) => {
        adaptiveAverageBackward(program, { input: x.shape, output, dy, dx, label });
      });
    });
    return means;
  }
}

/** Shape of one number a channel of each image. */
function vectorShape({ batch, channels }: Shape): Shape {
  return { batch, channels, depth: 1, height: 1, width: 1 };
}
