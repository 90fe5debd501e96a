/** Max-unpooling of decoders, by the places of the maxima that an encoder's pool took. */
import { maxPoolBackward, maxUnpoolBackward } from "../../../kernels/pool.ts";
import { type Shape, sizeText, type Triple } from "../../../kernels/tensors.ts";
import type { Activation, Layer, LayerSummary, Trace } from "../layer.ts";
import type { PadMaxPool } from "./pool.ts";

/**
 * ClinicaDL's `CropMaxUnpool2d(2, 2)` or `CropMaxUnpool3d(2, 2)`: each value goes where the maximum of its
 * window was, the rest is 0, and what went to the padding of an odd side is dropped.
 */
export class CropMaxUnpool implements Layer {
  readonly parameters = [];
  readonly statistics = [];

  /**
   * @param pool a layer before it, which keeps positions and has as many channels
   * @param size depth, height and width of the input of `pool`; a depth of 1 for images
   */
  constructor(readonly name: string, readonly pool: PadMaxPool, readonly size: Triple) {}

  outputShape(input: Shape): Shape {
    const [depth, height, width] = this.size;
    const output = { ...input, depth, height, width };
    const { dimensions } = this.pool;
    const [given, pooled] = [input, this.pool.outputShape(output)]
      .map((shape) => sizeText(shape, dimensions));
    if (given !== pooled) {
      throw new RangeError(
        `${this.name} takes maps of ${pooled}, as ${this.pool.name} gives, not ${given}`,
      );
    }
    return output;
  }

  summarise(input: Shape): LayerSummary[] {
    const kind = `MaxUnpool${this.pool.dimensions}d`;
    const output = this.outputShape(input);
    return [{ name: this.name, kind, output, parameters: 0, macs: 0 }];
  }

  /** @throws {TypeError} when the pool was not recorded on this trace, or keeps no positions */
  record(trace: Trace, x: Activation): Activation {
    const output = this.outputShape(x.shape);
    const positions = trace.positions.get(this.pool);
    if (!positions) throw new TypeError(`${this.name}: ${this.pool.name} kept no positions`);
    const tensor = trace.tensor(this.name, output);
    const common = { window: this.pool.window(output), positions, label: this.name };
    maxPoolBackward(trace.program, { ...common, input: output, dy: x.tensor, dx: tensor });
    const y = trace.activation(tensor, output, [x]);
    trace.onBackward(y, (dy) =>
      trace.give(x, this.name, (dx) => {
        maxUnpoolBackward(trace.program, { ...common, output, dy, dx });
      }));
    return y;
  }
}
