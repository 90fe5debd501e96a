/** An activation function as a layer of its own, and dropout. */
import {
  activationBackward,
  activationForward,
  type ActivationName,
} from "../../../kernels/activation.ts";
import { dropout } from "../../../kernels/random.ts";
import { activationBytes, type Shape } from "../../../kernels/tensors.ts";
import { streamNumber } from "../../random.ts";
import type { Activation, Layer, LayerSummary, Trace } from "../layer.ts";

/** y = f(x) for ReLU, ELU (alpha 1), LeakyReLU (slope 0.01), sigmoid or tanh. */
export class ActivationLayer implements Layer {
  readonly parameters = [];
  readonly statistics = [];

  constructor(readonly name: string, readonly activation: ActivationName) {}

  outputShape(input: Shape): Shape {
    return input;
  }

  summarise(input: Shape): LayerSummary[] {
    return [{ name: this.name, kind: this.activation, output: input, parameters: 0, macs: 0 }];
  }

  record(trace: Trace, x: Activation): Activation {
    const bytes = activationBytes(x.shape);
    const tensor = trace.tensor(this.name, x.shape);
    activationForward(trace.program, this.activation, { x: x.tensor, y: tensor, bytes }, this.name);
    const y = trace.activation(tensor, x.shape, [x]);
    trace.onBackward(y, (dy) =>
      trace.give(x, this.name, (dx) => {
        const operands = { output: tensor, dy, dx, bytes };
        activationBackward(trace.program, this.activation, operands, this.name);
      }));
    return y;
  }
}

/**
 * `torch.nn.Dropout(p)`: while training y = x / (1 - p), or 0 with probability p (Srivastava et al.,
 * JMLR 2014). The mask is a function of (seed, name; step, index).
 */
export class Dropout implements Layer {
  readonly parameters = [];
  readonly statistics = [];

  /** @throws {RangeError} for a probability that is not between 0 and 1 */
  constructor(readonly name: string, readonly probability: number) {
    if (!(probability >= 0 && probability <= 1)) {
      throw new RangeError(`A dropout of ${probability} is not between 0 and 1`);
    }
  }

  outputShape(input: Shape): Shape {
    return input;
  }

  summarise(input: Shape): LayerSummary[] {
    const kind = `Dropout ${this.probability}`;
    return [{ name: this.name, kind, output: input, parameters: 0, macs: 0 }];
  }

  record(trace: Trace, x: Activation): Activation {
    if (!trace.training || this.probability === 0) return x;
    const common = {
      bytes: activationBytes(x.shape),
      probability: this.probability,
      stream: streamNumber(`dropout ${this.name}`),
      params: trace.params,
      label: this.name,
    };
    const tensor = trace.tensor(this.name, x.shape);
    dropout(trace.program, { ...common, x: x.tensor, y: tensor });
    const y = trace.activation(tensor, x.shape, [x]);
    trace.onBackward(
      y,
      (dy) => trace.give(x, this.name, (dx) => dropout(trace.program, { ...common, x: dy, y: dx })),
    );
    return y;
  }
}

/** Probability of a network's dropout; 0 where it has none. */
export function dropoutOf({ layers }: { layers: readonly Layer[] }): number {
  return layers.find((layer) => layer instanceof Dropout)?.probability ?? 0;
}
