/** Fully connected layer over a flattened input, `torch.nn.Flatten` then `torch.nn.Linear`. */
import {
  convBackwardData,
  convBackwardWeights,
  convForward,
  linearShape,
} from "../../../kernels/conv/mod.ts";
import { pixels, type Shape } from "../../../kernels/tensors.ts";
import type { Activation, Layer, LayerSummary, Trace } from "../layer.ts";
import type { Initialisation } from "../initialisation.ts";
import type { TensorSpec } from "../parameters.ts";

/** y = x W^T + b with `weight` `[outFeatures][inFeatures]` and `bias` `[outFeatures]`. */
export class Linear implements Layer {
  readonly parameters: readonly TensorSpec[];
  readonly statistics: readonly TensorSpec[] = [];

  /** @param positions pixels of each channel of the input, before it is flattened */
  constructor(
    readonly name: string,
    readonly inFeatures: number,
    readonly outFeatures: number,
    readonly positions = 1,
  ) {
    const initialisation: Initialisation = { kind: "uniform", bound: 1 / Math.sqrt(inFeatures) };
    this.parameters = [
      {
        name: `${name}.weight`,
        shape: [outFeatures, inFeatures],
        initialisation,
        tiles: { outChannels: outFeatures, channels: inFeatures / positions, positions, taps: 1 },
      },
      { name: `${name}.bias`, shape: [outFeatures], initialisation },
    ];
  }

  outputShape(input: Shape): Shape {
    const features = input.channels * pixels(input);
    if (features !== this.inFeatures || pixels(input) !== this.positions) {
      throw new RangeError(
        `${this.name} takes ${this.inFeatures} features in maps of ${this.positions}, not ` +
          `${features} in maps of ${pixels(input)}`,
      );
    }
    return { batch: input.batch, channels: this.outFeatures, depth: 1, height: 1, width: 1 };
  }

  summarise(input: Shape): LayerSummary[] {
    const macs = this.inFeatures * this.outFeatures;
    return [{
      name: this.name,
      kind: "Linear",
      output: this.outputShape(input),
      parameters: macs + this.outFeatures,
      macs,
    }];
  }

  record(trace: Trace, x: Activation): Activation {
    const { program } = trace;
    const output = this.outputShape(x.shape);
    const { batch, channels } = x.shape;
    const shape = linearShape(batch, channels, this.outFeatures, this.positions);
    const [weight, bias] = this.parameters.map((parameter) => parameter.name);
    const weights = trace.parameter(weight);
    const tensor = trace.tensor(this.name, output);
    const label = this.name;
    convForward(program, {
      input: x.tensor,
      weights,
      bias: trace.parameter(bias),
      output: tensor,
      shape,
      label,
    });
    const y = trace.activation(tensor, output, [x], [weight, bias]);
    trace.onBackward(y, (outGradient) => {
      if (trace.trainable(weight) || trace.trainable(bias)) {
        convBackwardWeights(program, {
          input: x.tensor,
          outGradient,
          weightGradient: trace.gradient(weight),
          biasGradient: trace.gradient(bias),
          shape,
          accumulate: trace.accumulate,
          label,
        });
      }
      trace.give(x, label, (inGradient) => {
        convBackwardData(program, { outGradient, weights, inGradient, shape, label });
      });
    });
    return y;
  }
}
