/** The data set on the device: resident when it fits one buffer, otherwise streamed batch by batch. */
import { pixels } from "../../kernels/tensors.ts";
import type { Device, DeviceBuffer } from "../gpu/device.ts";
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

/** Values and ranges of a data set in the buffers that the gather kernel reads. */
export class DeviceDataset {
  /** Whether the device holds every item, not only a batch for each network. */
  readonly resident: boolean;
  readonly #device: Device;
  /** `[items][C][D][H][W]` floats: one buffer with all items when resident, else a batch each stream. */
  readonly #data: DeviceBuffer[];
  /** `[items][2]` floats, minimum and maximum - minimum of each item in `#data`. */
  readonly #ranges: DeviceBuffer[];

  private constructor(
    device: Device,
    readonly dataset: Dataset,
    resident: boolean,
    data: DeviceBuffer[],
    ranges: DeviceBuffer[],
  ) {
    this.#device = device;
    this.resident = resident;
    this.#data = data;
    this.#ranges = ranges;
  }

  /**
   * Allocates the buffers, and fills them when all items fit.
   *
   * @param streams networks that each draw batches of their own
   * @param batchSize items of the largest batch
   * @param residentBytes most bytes that may be resident; the device's largest binding when absent
   * @throws {DeviceError} when not even one batch fits
   * @throws {RangeError} when an item has another number of values than its shape
   */
  static async open(
    device: Device,
    dataset: Dataset,
    { streams, batchSize, residentBytes = Infinity }: {
      streams: number;
      batchSize: number;
      residentBytes?: number;
    },
  ): Promise<DeviceDataset> {
    const bytes = itemFloats(dataset) * 4;
    const largest = Math.min(residentBytes, device.limits.maxStorageBufferBindingSize);
    const resident = bytes * dataset.count <= largest;
    const copies = resident ? 1 : streams;
    const items = resident ? dataset.count : batchSize;
    const data = Array.from(
      { length: copies },
      (_, i) => device.buffer(`data ${i}`, Math.max(items, 1) * bytes),
    );
    const ranges = Array.from(
      { length: copies },
      (_, i) => device.buffer(`ranges ${i}`, Math.max(items, 1) * 8),
    );
    const opened = new DeviceDataset(device, dataset, resident, data, ranges);
    if (resident) {
      for (let item = 0; item < dataset.count; item++) await opened.#upload(0, item, item);
    }
    return opened;
  }

  /** The gather kernel's inputs for one network; without `ranges` it does not scale. */
  source(stream: number): { inChannels: number; data: DeviceBuffer; ranges?: DeviceBuffer } {
    const index = this.resident ? 0 : stream;
    return {
      inChannels: this.dataset.shape[0],
      data: this.#data[index],
      ranges: this.dataset.normalisation === "element" ? this.#ranges[index] : undefined,
    };
  }

  /**
   * Uploads the items of the next batch when the set is not resident.
   *
   * @throws {RangeError} when an item has another number of values than its shape
   */
  async prepare(stream: number, items: Uint32Array): Promise<void> {
    if (this.resident) return;
    for (let position = 0; position < items.length; position++) {
      await this.#upload(stream, items[position], position);
    }
  }

  /** @param position of the item in the stream's buffers */
  async #upload(stream: number, item: number, position: number): Promise<void> {
    const values = await this.dataset.read(item);
    const count = itemFloats(this.dataset);
    if (values.length !== count) {
      throw new RangeError(`Item ${item} has ${values.length} values, not ${count}`);
    }
    const clean = new Float32Array(count);
    let low = Infinity;
    let high = -Infinity;
    for (let i = 0; i < count; i++) {
      const value = Number.isNaN(values[i]) ? 0 : values[i];
      clean[i] = value;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    this.#device.write(this.#data[stream], clean, position * count * 4);
    this.#device.write(this.#ranges[stream], Float32Array.of(low, high - low), position * 8);
  }

  /** Frees the buffers. */
  destroy(): void {
    for (const buffer of [...this.#data, ...this.#ranges]) this.#device.free(buffer);
  }
}

function itemFloats({ shape }: Dataset): number {
  return shape[0] * pixels(batchShape(shape, 1));
}
