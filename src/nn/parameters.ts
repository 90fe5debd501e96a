/** Where each parameter and each running statistic stands in the flat buffers of a network. */
import { aligned } from "../../kernels/tensors.ts";

/** How a parameter begins; see `initialisation.ts`. */
export type Initialisation =
  | { kind: "constant"; value: number }
  /** Uniform in (-bound, bound): PyTorch's default with bound 1 / sqrt(fan in). */
  | { kind: "uniform"; bound: number }
  | { kind: "normal"; deviation: number };

export interface TensorSpec {
  /** PyTorch's name, such as `layer1.0.conv1.weight`. */
  name: string;
  shape: readonly number[];
  initialisation: Initialisation;
}

export interface Placed extends TensorSpec {
  /** Floats from the start of the flat buffer, a multiple of 64. */
  offset: number;
  /** Floats. */
  count: number;
}

/** Tensors of one flat buffer, in PyTorch's order, each aligned to 64 floats. */
export class FlatLayout {
  readonly tensors: readonly Placed[];
  /** Floats of the whole buffer. */
  readonly length: number;
  readonly #byName: ReadonlyMap<string, Placed>;

  constructor(specs: readonly TensorSpec[]) {
    let offset = 0;
    this.tensors = specs.map((spec) => {
      const count = spec.shape.reduce((product, n) => product * n, 1);
      const placed = { ...spec, offset, count };
      offset += aligned(count);
      return placed;
    });
    this.length = Math.max(offset, 64);
    this.#byName = new Map(this.tensors.map((tensor) => [tensor.name, tensor]));
    if (this.#byName.size !== specs.length) throw new TypeError("Two parameters share a name");
  }

  get(name: string): Placed {
    const placed = this.#byName.get(name);
    if (!placed) throw new TypeError(`There is no parameter ${name}`);
    return placed;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }
}
