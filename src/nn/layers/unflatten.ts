/** A vector as a map of several channels, `torch.nn.Unflatten`. */
import { fromRows, toRows } from "../../../kernels/autoencoder/rows.ts";
import { pixels, type Shape } from "../../../kernels/tensors.ts";
import type { Activation, Layer, LayerSummary, Trace } from "../layer.ts";

/** The numbers of a vector fill channel after channel, each of them plane by plane and row by row. */
export class Unflatten implements Layer {
  readonly parameters = [];
  readonly statistics = [];

  constructor(
    readonly name: string,
    /** Of the output. */
    readonly shape: Omit<Shape, "batch">,
  ) {}

  outputShape(input: Shape): Shape {
    const features = this.shape.channels * pixels(this.shape);
    if (input.channels !== features || pixels(input) !== 1) {
      throw new RangeError(
        `${this.name} takes a vector of ${features} numbers, not ${input.channels} maps of ` +
          `${pixels(input)}`,
      );
    }
    return { ...this.shape, batch: input.batch };
  }

  summarise(input: Shape): LayerSummary[] {
    const output = this.outputShape(input);
    return [{ name: this.name, kind: "Unflatten", output, parameters: 0, macs: 0 }];
  }

  record(trace: Trace, x: Activation): Activation {
    const { program } = trace;
    const shape = this.outputShape(x.shape);
    const { channels } = x.shape;
    const common = { shape, rowLength: Math.ceil(channels / 4) * 4, label: this.name };
    const tensor = trace.tensor(this.name, shape);
    fromRows(program, { ...common, rows: x.tensor, activation: tensor });
    const y = trace.activation(tensor, shape, [x]);
    trace.onBackward(y, (dy) =>
      trace.give(x, this.name, (dx) => {
        // Nothing else writes the padding of the last block.
        if (channels % 4 > 0) program.clear(dx);
        toRows(program, { ...common, activation: dy, rows: dx });
      }));
    return y;
  }
}
