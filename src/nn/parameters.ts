/** Where each parameter and each running statistic stands in the flat buffers of a network. */
import { aligned } from "../../kernels/tensors.ts";
import {
  intoTiles,
  outOfTiles,
  tiledCount,
  type WeightShape,
} from "../../kernels/conv/weight_layout.ts";
import { type Initialisation, initialise } from "./initialisation.ts";

export interface TensorSpec {
  /** PyTorch's name, such as `layer1.0.conv1.weight`. */
  name: string;
  shape: readonly number[];
  initialisation: Initialisation;
  /** Weights of a convolution or linear layer, which stand on the device in an order of their own. */
  tiles?: WeightShape;
}

/** A run of floats; `offset` is a multiple of 64. */
export interface Place {
  offset: number;
  count: number;
}

/** Where a tensor stands in the host's flat array, in PyTorch's order, and in the device's buffer. */
export interface Placed extends TensorSpec, Place {
  device: Place;
}

/** Tensors of one flat buffer, each aligned to 64 floats. */
export class FlatLayout {
  readonly tensors: readonly Placed[];
  /** Floats of the whole array on the host. */
  readonly length: number;
  /** Floats of the whole buffer on the device. */
  readonly deviceLength: number;
  readonly #byName: ReadonlyMap<string, Placed>;

  constructor(specs: readonly TensorSpec[]) {
    let [offset, deviceOffset] = [0, 0];
    this.tensors = specs.map((spec) => {
      const count = spec.shape.reduce((product, n) => product * n, 1);
      const device = { offset: deviceOffset, count: spec.tiles ? tiledCount(spec.tiles) : count };
      const placed = { ...spec, offset, count, device };
      offset += aligned(count);
      deviceOffset += aligned(device.count);
      return placed;
    });
    this.length = Math.max(offset, 64);
    this.deviceLength = Math.max(deviceOffset, 64);
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

  /** The host's array as a network begins. */
  initial(seed: number): Float32Array<ArrayBuffer> {
    const values = new Float32Array(this.length);
    for (const tensor of this.tensors) this.initialise(tensor, values, seed);
    return values;
  }

  /** Writes one tensor as it begins into the host's array. */
  initialise(tensor: Placed, values: Float32Array, seed: number): void {
    initialise(part(values, tensor), tensor.name, tensor.initialisation, seed);
  }

  /** The host's array in the device's order. */
  toDevice(values: Float32Array): Float32Array<ArrayBuffer> {
    const result = new Float32Array(this.deviceLength);
    for (const tensor of this.tensors) {
      const [from, to] = [part(values, tensor), part(result, tensor.device)];
      if (tensor.tiles) intoTiles(tensor.tiles, from, to);
      else to.set(from);
    }
    return result;
  }

  /** The device's buffer in the host's order. */
  toHost(values: Float32Array): Float32Array<ArrayBuffer> {
    const result = new Float32Array(this.length);
    for (const tensor of this.tensors) {
      const [from, to] = [part(values, tensor.device), part(result, tensor)];
      if (tensor.tiles) outOfTiles(tensor.tiles, from, to);
      else to.set(from);
    }
    return result;
  }
}

function part(values: Float32Array, { offset, count }: Place): Float32Array {
  return values.subarray(offset, offset + count);
}
