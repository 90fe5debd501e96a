/** A skip connection of a U-Net (Ronneberger, Fischer and Brox, MICCAI 2015). */
import { activationBytes, type Shape } from "../../../kernels/tensors.ts";
import { type Operand, slice } from "../../gpu/program.ts";
import type { Activation, Layer, LayerSummary, Trace } from "../layer.ts";
import type { TensorSpec } from "../parameters.ts";

/** The channels that `layers` make of the input, then those of the input itself. */
export class SkipConnection implements Layer {
  readonly parameters: readonly TensorSpec[];
  readonly statistics: readonly TensorSpec[];

  /** @param layers from maps of some size to maps of that size, both of a multiple of 4 channels */
  constructor(readonly name: string, readonly layers: readonly Layer[]) {
    this.parameters = layers.flatMap((layer) => layer.parameters);
    this.statistics = layers.flatMap((layer) => layer.statistics);
  }

  outputShape(input: Shape): Shape {
    const made = this.#made(input);
    const sizes = [made, input].map(({ depth, height, width }) => `${depth}x${height}x${width}`);
    if (sizes[0] !== sizes[1]) {
      throw new RangeError(`${this.name} makes maps of ${sizes[0]} from maps of ${sizes[1]}`);
    }
    if (made.channels % 4 + input.channels % 4 > 0) {
      throw new RangeError(
        `${this.name} joins ${made.channels} and ${input.channels} channels, which must be ` +
          "multiples of 4",
      );
    }
    return { ...input, channels: made.channels + input.channels };
  }

  #made(input: Shape): Shape {
    return this.layers.reduce((shape, layer) => layer.outputShape(shape), input);
  }

  summarise(input: Shape): LayerSummary[] {
    let shape = input;
    const rows = this.layers.flatMap((layer) => {
      const own = layer.summarise(shape);
      shape = layer.outputShape(shape);
      return own;
    });
    const output = this.outputShape(input);
    return [
      ...rows,
      { name: this.name, kind: "concatenation", output, parameters: 0, macs: 0 },
    ];
  }

  record(trace: Trace, x: Activation): Activation {
    const { program } = trace;
    const shape = this.outputShape(x.shape);
    const made = this.layers.reduce((y, layer) => layer.record(trace, y), x);
    const tensor = trace.tensor(this.name, shape);
    /** Bytes of one image's channels: of all, of those that the layers made, of the input's. */
    const [all, first, last] = [shape, made.shape, x.shape]
      .map((each) => activationBytes({ ...each, batch: 1 }));
    const parts = (joined: Operand, own: Operand, bytes: number, offset: number) =>
      Array.from({ length: shape.batch }, (_, image): [joined: Operand, own: Operand] => [
        slice(joined, image * all + offset, bytes),
        slice(own, image * bytes, bytes),
      ]);
    for (const [joined, own] of parts(tensor, made.tensor, first, 0)) program.copy(own, joined);
    for (const [joined, own] of parts(tensor, x.tensor, last, first)) program.copy(own, joined);
    const y = trace.activation(tensor, shape, [made, x]);
    trace.onBackward(y, (dy) => {
      trace.give(made, `${this.name} inner`, (dx) => {
        for (const [joined, own] of parts(dy, dx, first, 0)) program.copy(joined, own);
      });
      trace.give(x, `${this.name} outer`, (dx) => {
        for (const [joined, own] of parts(dy, dx, last, first)) program.copy(joined, own);
      });
    });
    return y;
  }
}
