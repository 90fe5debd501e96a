/** Bounds the queue: the host stays at most a few steps ahead of the device. */
import type { Device } from "./device.ts";

/** Asking whether work is done costs some 11 ms, so short steps are asked about in groups. */
const windowMilliseconds = 40;
const longestWindow = 64;

export class Pacer {
  readonly #fences: Promise<void>[] = [];
  #sinceFence = 0;
  #window = 1;
  #lastFence = 0;

  /** @param depth groups of steps under way at most, besides the one being encoded */
  constructor(readonly device: Device, readonly depth = 2) {}

  /**
   * Call after each submit; resolves when the next may follow.
   *
   * @throws {DeviceError} when the device failed
   */
  async submitted(): Promise<void> {
    this.device.check();
    if (++this.#sinceFence < this.#window) return;
    const steps = this.#sinceFence;
    this.#sinceFence = 0;
    this.#fences.push(
      this.device.gpu.queue.onSubmittedWorkDone().then(() => {
        const now = performance.now();
        if (this.#lastFence > 0) {
          const step = (now - this.#lastFence) / steps;
          const wanted = Math.round(windowMilliseconds / Math.max(step, 0.01));
          this.#window = Math.min(longestWindow, Math.max(1, wanted));
        }
        this.#lastFence = now;
      }),
    );
    if (this.#fences.length > this.depth) await this.#fences.shift();
    this.device.check();
  }

  /** Resolves when everything submitted has run. */
  async idle(): Promise<void> {
    this.#fences.length = 0;
    this.#sinceFence = 0;
    await this.device.gpu.queue.onSubmittedWorkDone();
    this.device.check();
  }
}
