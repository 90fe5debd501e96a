/**
 * The data set on the device. One that fits a binding is a buffer from which the gather kernel picks the
 * items of a batch. A larger one is in several buffers, or on the host where it exceeds the bytes that may
 * stay on the device; each batch is then copied or uploaded to a buffer of its own.
 */
import { pixels, type Shape } from "../../kernels/tensors.ts";
import type { BufferRange, Device } from "../gpu/device.ts";
import { locate } from "../gpu/device_buffer.ts";
import { openParts } from "../gpu/parts.ts";
import { batchShape, type InputShape } from "./network.ts";

/** Items that a network is trained on or applied to. */
export interface Dataset {
  /** Shape of every item, as it is stored. */
  readonly shape: InputShape;
  readonly count: number;
  /**
   * How the device scales items. `element`: each item to [0, 1] by its own minimum and maximum, as
   * ClinicaDL does; a constant item becomes zero. `none`: not at all.
   */
  readonly normalisation: "element" | "none";
  /** Values of one item, C x H x W or C x D x H x W floats; NaN counts as zero. */
  read(item: number): Float32Array | Promise<Float32Array>;
}

/**
 * Bytes of a data set that stay on a device: 2 GiB, or a binding. WebGPU does not report how much memory
 * there is.
 */
export function mostResidentBytes({ limits }: Device): number {
  return Math.max(2 * 2 ** 30, limits.maxStorageBufferBindingSize);
}

/** Bytes of an item's range: its minimum, and maximum - minimum. */
const RANGE_BYTES = 8;

interface ItemBuffers {
  /** `[items][C][D][H][W]` floats. */
  data: BufferRange;
  /** `[items][2]` floats: minimum and maximum - minimum. */
  ranges: BufferRange;
}

interface DatasetOptions {
  /** Networks that each draw batches of their own. */
  streams: number;
  /** Items of the largest batch. */
  batchSize: number;
  /** Most bytes that stay on the device; {@link mostResidentBytes} when absent. */
  residentBytes?: number;
}

/** Values and ranges of a data set in the buffers that the gather kernel reads. */
export class DeviceDataset {
  /** Whether a batch is picked from all items; otherwise each stream's buffers hold its batch alone. */
  readonly gathered: boolean;
  readonly #device: Device;
  readonly #itemBytes: number;
  /** Items of a buffer of {@link #resident}. */
  readonly #perBuffer: number;
  /** All items, one after another; none where they are streamed from the host. */
  readonly #resident: ItemBuffers[] = [];
  /** A batch each stream, unless batches are picked from all items. */
  readonly #batches: ItemBuffers[] = [];
  /** The items that each stream's buffers hold. */
  readonly #held: (Uint32Array | undefined)[] = [];

  /**
   * Allocates the buffers; {@link fill} uploads the items that stay on the device.
   *
   * @throws {DeviceError} when not even one batch fits a buffer
   */
  constructor(
    device: Device,
    readonly dataset: Dataset,
    { streams, batchSize, residentBytes = mostResidentBytes(device) }: DatasetOptions,
  ) {
    const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
    this.#device = device;
    this.#itemBytes = itemFloats(dataset) * 4;
    const bytes = this.#itemBytes * dataset.count;
    const resident = bytes <= residentBytes && this.#itemBytes <= maxBufferSize;
    this.gathered = resident && bytes <= Math.min(maxStorageBufferBindingSize, maxBufferSize);
    this.#perBuffer = Math.max(1, Math.floor(maxBufferSize / this.#itemBytes));
    const allocate = (name: string, items: number, count = 1): ItemBuffers[] => {
      const parts = (label: string, itemBytes: number) =>
        openParts(device, `${label}${name}`, new Array<number>(count).fill(items * itemBytes));
      const ranges = parts("ranges", RANGE_BYTES);
      return parts("data", this.#itemBytes).map((data, i) => ({ data, ranges: ranges[i] }));
    };
    if (resident) {
      const count = Math.max(dataset.count, 1);
      for (let first = 0; first < count; first += this.#perBuffer) {
        const items = Math.min(this.#perBuffer, count - first);
        this.#resident.push(...allocate(` from item ${first}`, items));
      }
    }
    if (this.gathered) return;
    this.#batches.push(...allocate(" of batches", batchSize, streams));
  }

  /** Bytes that it holds on the device. */
  get bytes(): number {
    return [...this.#resident, ...this.#batches].reduce(
      (sum, { data, ranges }) => sum + data.bytes + ranges.bytes,
      0,
    );
  }

  /**
   * Uploads the items that stay on the device.
   *
   * @throws {RangeError} when an item has another number of values than its shape
   */
  async fill(): Promise<void> {
    if (this.#resident.length === 0) return;
    for (let item = 0; item < this.dataset.count; item++) {
      const [buffers, position] = this.#placeOf(item);
      this.#upload(buffers, position, item, await this.dataset.read(item));
    }
  }

  /** The gather kernel's inputs for one network; without `ranges` it does not scale. */
  source(stream: number): { inChannels: number; data: BufferRange; ranges?: BufferRange } {
    const { data, ranges } = this.gathered ? this.#resident[0] : this.#batches[stream];
    const { shape, normalisation } = this.dataset;
    return { inChannels: shape[0], data, ranges: normalisation === "element" ? ranges : undefined };
  }

  /** Whether the channels of a network's input, before noise, are copies of one that is stored. */
  repeatsChannel({ channels }: Shape): boolean {
    return this.dataset.shape[0] === 1 && channels > 1;
  }

  /**
   * Puts a batch into the stream's buffers, behind all programs submitted so far. To have it ready in
   * time, call this for the next batch while the device still works on the last.
   *
   * @throws {RangeError} when an item has another number of values than its shape
   */
  async prepare(stream: number, items: Uint32Array): Promise<void> {
    if (this.gathered || isEqual(this.#held[stream], items)) return;
    this.#held[stream] = undefined;
    const to = this.#batches[stream];
    if (this.#resident.length > 0) {
      this.#copy(items, to);
    } else {
      const values = await Promise.all(Array.from(items, (item) => this.dataset.read(item)));
      items.forEach((item, position) => this.#upload(to, position, item, values[position]));
    }
    this.#held[stream] = items.slice();
  }

  /** The buffers of a resident item, and its position in them. */
  #placeOf(item: number): [ItemBuffers, number] {
    return [this.#resident[Math.floor(item / this.#perBuffer)], item % this.#perBuffer];
  }

  #copy(items: Uint32Array, to: ItemBuffers): void {
    const encoder = this.#device.gpu.createCommandEncoder();
    items.forEach((item, position) => {
      const [from, at] = this.#placeOf(item);
      for (const [name, bytes] of [["data", this.#itemBytes], ["ranges", RANGE_BYTES]] as const) {
        const [source, target] = [locate(from[name]), locate(to[name])];
        encoder.copyBufferToBuffer(
          source.of.gpu,
          source.first + at * bytes,
          target.of.gpu,
          target.first + position * bytes,
          bytes,
        );
      }
    });
    this.#device.gpu.queue.submit([encoder.finish()]);
  }

  #upload(to: ItemBuffers, position: number, item: number, values: Float32Array): void {
    const count = itemFloats(this.dataset);
    if (values.length !== count) {
      throw new RangeError(`Item ${item} has ${values.length} values, not ${count}`);
    }
    const numbers = replaceNaN(values);
    let low = Infinity;
    let high = -Infinity;
    for (let i = 0; i < count; i++) {
      const value = numbers[i];
      if (value < low) low = value;
      if (value > high) high = value;
    }
    this.#device.write(to.data, numbers, position * this.#itemBytes);
    this.#device.write(to.ranges, Float32Array.of(low, high - low), position * RANGE_BYTES);
  }

  /** Frees the buffers. */
  destroy(): void {
    for (const { data, ranges } of [...this.#resident, ...this.#batches]) {
      this.#device.free(data);
      this.#device.free(ranges);
    }
  }
}

function itemFloats({ shape }: Dataset): number {
  return shape[0] * pixels(batchShape(shape, 1));
}

/** The values, or a copy with zeros for NaN where there are any. */
function replaceNaN(values: Float32Array): Float32Array<ArrayBuffer> {
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) return values.map((value) => Number.isNaN(value) ? 0 : value);
  }
  return values as Float32Array<ArrayBuffer>;
}

function isEqual(a: Uint32Array | undefined, b: Uint32Array): boolean {
  return a !== undefined && a.length === b.length && a.every((item, i) => item === b[i]);
}
