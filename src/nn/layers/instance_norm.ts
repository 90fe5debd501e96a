/** Instance normalisation (Ulyanov, Vedaldi and Lempitsky, 2016) and the activation that follows. */
import type { ActivationName } from "../../../kernels/activation.ts";
import {
  batchNormApply,
  batchNormBackward,
  instanceNormStatistics,
} from "../../../kernels/batch_norm/mod.ts";
import type { PlannedTensor } from "../../gpu/program.ts";
import { pixels, type Shape } from "../../../kernels/tensors.ts";
import type { Activation, Layer, LayerSummary, Trace } from "../layer.ts";

interface InstanceNormOptions {
  dimensions?: 2 | 3;
  activation?: ActivationName;
  /** Of LeakyReLU below zero, 0.01 by default. */
  slope?: number;
}

/**
 * `torch.nn.InstanceNorm2d` or `InstanceNorm3d` with its defaults, then an activation:
 * y = f((x - mean) / sqrt(variance + 1e-5)), each channel of each image by its own statistics, in training
 * and in evaluation alike. It has neither parameters nor running statistics.
 */
export class InstanceNorm implements Layer {
  readonly parameters = [];
  readonly statistics = [];

  constructor(readonly name: string, readonly options: InstanceNormOptions = {}) {}

  /** @throws {RangeError} for channels of one value, which become 0 */
  outputShape(input: Shape): Shape {
    if (pixels(input) < 2) throw new RangeError(`${this.name} needs more than one value a channel`);
    return input;
  }

  summarise(input: Shape): LayerSummary[] {
    const { dimensions = 2, activation = "none" } = this.options;
    const normalisation = `InstanceNorm${dimensions}d`;
    const kind = activation === "none" ? normalisation : `${normalisation}, ${activation}`;
    return [{
      name: this.name,
      kind,
      output: this.outputShape(input),
      parameters: 0,
      macs: 0,
    }];
  }

  record(trace: Trace, x: Activation): Activation {
    const { program } = trace;
    const { activation = "none", slope } = this.options;
    const { name: label } = this;
    const shape = this.outputShape(x.shape);
    const options = { shape, activation, slope, instance: true, label } as const;
    const moments = instanceNormStatistics(program, options, x.tensor);
    const tensor = trace.tensor(label, shape);
    batchNormApply(program, options, { x: x.tensor, moments, y: tensor });
    const y = trace.activation(tensor, shape, [x]);
    trace.onBackward(y, (dy) => {
      // The derivative of ReLU comes from x again.
      const output = activation === "none" || activation === "relu" ? undefined : tensor;
      const record = (dx?: PlannedTensor) =>
        batchNormBackward(program, options, {
          x: x.tensor,
          moments,
          output,
          dy,
          dx,
          accumulate: false,
        });
      if (dy.kind === "tensor" && !y.sharesGradient) trace.giveInPlace(x, label, dy, record);
      else trace.give(x, label, record);
    });
    return y;
  }
}
