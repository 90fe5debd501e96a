/** Times that a device writes itself, before and after passes. */
import { DeviceError } from "../errors.ts";
import type { Device, DeviceBuffer } from "./device.ts";

/** Pairs of times in one query set, the most that WebGPU allows. */
const PAIRS = 2048;

/** Begin and end of spans of one submission. */
export class Timestamps {
  readonly #device: Device;
  readonly #sets: readonly GPUQuerySet[];
  readonly #resolved: DeviceBuffer;

  /** @throws {DeviceError} when the adapter lacks timestamps */
  constructor(device: Device, readonly spans: number) {
    if (!device.gpu.features.has("timestamp-query")) {
      throw new DeviceError("This adapter measures no times (no timestamp-query)");
    }
    this.#device = device;
    this.#sets = Array.from(
      { length: Math.ceil(spans / PAIRS) },
      () => device.gpu.createQuerySet({ type: "timestamp", count: PAIRS * 2 }),
    );
    this.#resolved = device.buffer(
      "timestamps",
      this.#sets.length * PAIRS * 16,
      GPUBufferUsage.QUERY_RESOLVE,
    );
  }

  /** For a pass in which a span begins or ends, or both. */
  writes(
    span: number,
    { begins = true, ends = true } = {},
  ): GPUComputePassTimestampWrites {
    const at = (span % PAIRS) * 2;
    return {
      querySet: this.#sets[Math.floor(span / PAIRS)],
      ...(begins && { beginningOfPassWriteIndex: at }),
      ...(ends && { endOfPassWriteIndex: at + 1 }),
    };
  }

  /** Behind the last pass of the submission. */
  resolve(encoder: GPUCommandEncoder): void {
    this.#sets.forEach((set, i) => {
      const count = Math.min(PAIRS, this.spans - i * PAIRS) * 2;
      encoder.resolveQuerySet(set, 0, count, this.#resolved.gpu, i * PAIRS * 16);
    });
  }

  /**
   * Seconds of each span, once the submission is done. Frees the queries.
   *
   * @throws {DeviceError} when the device failed
   */
  async read(): Promise<number[]> {
    const times = new BigUint64Array(await this.#device.read(this.#resolved));
    this.#device.free(this.#resolved);
    for (const set of this.#sets) set.destroy();
    return Array.from(
      { length: this.spans },
      (_, i) => Number(times[i * 2 + 1] - times[i * 2]) / 1e9,
    );
  }
}
