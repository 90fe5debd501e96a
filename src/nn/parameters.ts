/** The position of each parameter and each running statistic in a network's flat buffers. */
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
  /** Weights of a convolution or linear layer, which the device holds in tiles. */
  tiles?: WeightShape;
}

/** A range of floats in a flat array; `offset` is a multiple of 64. */
interface Slot {
  offset: number;
  count: number;
}

/** A tensor with its slots: in the host's flat array, in PyTorch's order, and in the device's buffer. */
interface FlatTensor extends TensorSpec, Slot {
  device: Slot;
}

/** Tensors of one flat buffer, each aligned to 64 floats (256 bytes). */
export class FlatLayout {
  readonly tensors: readonly FlatTensor[];
  /** Floats of the host's array. */
  readonly length: number;
  /** Floats of the device's buffer. */
  readonly deviceLength: number;
  readonly #byName: ReadonlyMap<string, FlatTensor>;

  /** @throws {TypeError} when two tensors have one name */
  constructor(specs: readonly TensorSpec[]) {
    let [offset, deviceOffset] = [0, 0];
    this.tensors = specs.map((spec) => {
      const count = spec.shape.reduce((product, n) => product * n, 1);
      const device = { offset: deviceOffset, count: spec.tiles ? tiledCount(spec.tiles) : count };
      const tensor = { ...spec, offset, count, device };
      offset += aligned(count);
      deviceOffset += aligned(device.count);
      return tensor;
    });
    this.length = Math.max(offset, 64);
    this.deviceLength = Math.max(deviceOffset, 64);
    this.#byName = new Map(this.tensors.map((tensor) => [tensor.name, tensor]));
    if (this.#byName.size !== specs.length) throw new TypeError("Two parameters share a name");
  }

  /** @throws {TypeError} when there is no such tensor */
  get(name: string): FlatTensor {
    const tensor = this.#byName.get(name);
    if (!tensor) throw new TypeError(`There is no parameter ${name}`);
    return tensor;
  }

  /** A new array in the host's order, with the initial values of every tensor. */
  createInitial(seed: number): Float32Array<ArrayBuffer> {
    const values = new Float32Array(this.length);
    for (const tensor of this.tensors) this.initialise(tensor, values, seed);
    return values;
  }

  /** Writes the initial values of one tensor into an array in the host's order. */
  initialise(tensor: FlatTensor, values: Float32Array, seed: number): void {
    initialise(viewSlot(values, tensor), tensor.name, tensor.initialisation, seed);
  }

  /** Copies an array from the host's order into the device's. */
  toDevice(values: Float32Array): Float32Array<ArrayBuffer> {
    const result = new Float32Array(this.deviceLength);
    for (const tensor of this.tensors) {
      const [from, to] = [viewSlot(values, tensor), viewSlot(result, tensor.device)];
      if (tensor.tiles) intoTiles(tensor.tiles, from, to);
      else to.set(from);
    }
    return result;
  }

  /** Copies a buffer from the device's order into the host's. */
  toHost(values: Float32Array): Float32Array<ArrayBuffer> {
    const result = new Float32Array(this.length);
    for (const tensor of this.tensors) {
      const [from, to] = [viewSlot(values, tensor.device), viewSlot(result, tensor)];
      if (tensor.tiles) outOfTiles(tensor.tiles, from, to);
      else to.set(from);
    }
    return result;
  }
}

function viewSlot(values: Float32Array, { offset, count }: Slot): Float32Array {
  return values.subarray(offset, offset + count);
}
