/** The data set on the device: resident when it fits one buffer, streamed batch by batch otherwise. */
import type { Device, DeviceBuffer } from "../gpu/device.ts";

/** Items that a network is trained on or applied to. */
export interface Dataset {
  /** Stored channels, height and width of every item. */
  readonly shape: readonly [number, number, number];
  readonly count: number;
  /** Values of one item, C x H x W floats; NaN counts as zero. */
  read(item: number): Float32Array | Promise<Float32Array>;
}

/**
 * `element`: each item is scaled to [0, 1] by its own minimum and maximum, as ClinicaDL does;
 * `none`: values are taken as they are. A constant item becomes zero.
 */
export type Normalisation = "element" | "none";

/** Values and ranges of a data set where the gather kernel reads them. */
export class DeviceDataset {
  readonly resident: boolean;
  /** Whole set when resident, otherwise one batch at a time for each network. */
  readonly #device: Device;
  readonly #data: DeviceBuffer[];
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
   * @param streams networks that each draw batches of their own
   * @param batchSize largest batch
   * @param limit bytes that may be resident; the device's largest binding when absent
   * @throws {DeviceError} when not even one batch fits
   */
  static async open(
    device: Device,
    dataset: Dataset,
    { streams, batchSize, limit }: { streams: number; batchSize: number; limit?: number },
  ): Promise<DeviceDataset> {
    const bytes = itemFloats(dataset) * 4;
    const largest = Math.min(
      limit ?? Infinity,
      device.limits.maxStorageBufferBindingSize,
    );
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

  /** What the gather kernel reads of the items of a network. */
  source(
    stream: number,
    normalisation: Normalisation,
  ): { inChannels: number; data: DeviceBuffer; ranges?: DeviceBuffer } {
    const place = this.resident ? 0 : stream;
    return {
      inChannels: this.dataset.shape[0],
      data: this.#data[place],
      ranges: normalisation === "element" ? this.#ranges[place] : undefined,
    };
  }

  /** Uploads the items of the next batch when the set is not resident. */
  async prepare(stream: number, items: Uint32Array): Promise<void> {
    if (this.resident) return;
    for (let place = 0; place < items.length; place++) {
      await this.#upload(stream, items[place], place);
    }
  }

  async #upload(stream: number, item: number, place: number): Promise<void> {
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
    this.#device.write(this.#data[stream], clean, place * count * 4);
    this.#device.write(this.#ranges[stream], Float32Array.of(low, high - low), place * 8);
  }

  destroy(): void {
    for (const buffer of [...this.#data, ...this.#ranges]) this.#device.free(buffer);
  }
}

function itemFloats({ shape }: Dataset): number {
  return shape[0] * shape[1] * shape[2];
}
