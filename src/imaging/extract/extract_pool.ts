/** Extracts images on several threads. */
import { DataError } from "../../errors.ts";
import { extractFile, type MaskFile, readMasks } from "./extract_file.ts";
import type { FromExtractor, ToExtractor } from "./extract_worker.ts";
import type { Mask, Recipe } from "./extraction.ts";
import { Scratch } from "../nifti/gzip.ts";

/**
 * Threads that extract, each at one image at a time, so that memory is bounded by their number:
 * a thread holds one image, inflated, and its tensors. With one thread the caller's does the work.
 */
export class ExtractionPool {
  readonly #idle: Worker[] = [];
  /** Calls that wait for a thread, the oldest first. */
  readonly #waiting: ((worker: Worker) => void)[] = [];
  readonly #workers: Worker[] = [];
  readonly #masks: ReadonlyMap<string, Mask>;
  readonly #scratch = new Scratch();

  /** @throws {DataError} when a mask file is no mask */
  constructor(readonly threads: number, maskFiles: readonly MaskFile[] = []) {
    this.#masks = readMasks(maskFiles);
    if (threads <= 1) return;
    for (let i = 0; i < threads; i++) {
      const worker = new Worker(new URL("./extract_worker.ts", import.meta.url), {
        type: "module",
      });
      if (maskFiles.length > 0) {
        worker.postMessage({ type: "masks", files: maskFiles } satisfies ToExtractor);
      }
      this.#workers.push(worker);
      this.#idle.push(worker);
    }
  }

  /** Calls worth having under way: one image is fetched or stored while the threads work. */
  get concurrency(): number {
    return this.threads + 1;
  }

  /**
   * Bytes of the safetensors file of an image.
   *
   * @param bytes of the image file; gone afterwards
   * @throws {DataError} when the image is malformed or does not suit the recipe
   */
  async extract(
    bytes: Uint8Array<ArrayBuffer>,
    recipe: Recipe,
    subject: string,
  ): Promise<Uint8Array<ArrayBuffer>> {
    if (this.threads <= 1) {
      return extractFile(bytes, recipe, this.#masks, subject, this.#scratch);
    }
    const worker = this.#idle.pop() ??
      await new Promise<Worker>((resolve) => this.#waiting.push(resolve));
    const reply = Promise.withResolvers<FromExtractor>();
    worker.onmessage = ({ data }: MessageEvent<FromExtractor>) => reply.resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reply.reject(new Error(`an extraction thread died: ${event.message}`));
    };
    worker.postMessage(
      { type: "extract", bytes, recipe, subject } satisfies ToExtractor,
      [bytes.buffer],
    );
    const answer = await reply.promise;
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(worker);
    else next(worker);
    switch (answer.type) {
      case "tensors":
        return answer.bytes;
      case "refused":
        throw new DataError(answer.subject, answer.problem);
      case "failed": {
        const error = new Error(answer.message);
        error.stack = answer.stack ?? error.stack;
        throw error;
      }
    }
  }

  close(): void {
    for (const worker of this.#workers) worker.terminate();
    this.#workers.length = 0;
    this.#idle.length = 0;
  }
}
