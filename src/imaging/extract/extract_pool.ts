/** Extracts images on several threads. */
import { transfer } from "../../threads/channel.ts";
import { Thread, WorkerPool } from "../../threads/pool.ts";
import { Scratch } from "../nifti/gzip.ts";
import { type ExtractedFile, extractFile, type MaskFile, readMasks } from "./extract_file.ts";
import type { ExtractionMethods } from "./extract_worker.ts";
import type { OrientedMask, Recipe } from "./extraction.ts";

/**
 * Threads that extract, each at one image at a time, so that memory is bounded by their number:
 * a thread holds one image, inflated, and its tensors. With one thread the caller's does the work.
 */
export class ExtractionPool {
  readonly #pool: WorkerPool<ExtractionMethods>;
  readonly #masks: ReadonlyMap<string, OrientedMask>;
  readonly #scratch = new Scratch();

  /** @throws {DataError} when a mask file is no mask */
  constructor(readonly threads: number, maskFiles: readonly MaskFile[] = []) {
    this.#masks = readMasks(maskFiles);
    this.#pool = new WorkerPool(() => startThread(maskFiles), threads);
    if (threads <= 1) return;
    for (let i = 0; i < threads; i++) this.#pool.prepare();
  }

  /** Calls worth having under way: one image is fetched or stored while the threads work. */
  get concurrency(): number {
    return this.threads + 1;
  }

  /**
   * The tensors of an image.
   *
   * @param bytes of the image file; gone afterwards
   * @throws {DataError} when the image is malformed or does not suit the recipe
   */
  async extract(
    bytes: Uint8Array<ArrayBuffer>,
    recipe: Recipe,
    subject: string,
  ): Promise<ExtractedFile> {
    if (this.threads <= 1) {
      return extractFile(bytes, recipe, this.#masks, subject, this.#scratch);
    }
    return await this.#pool.use(({ channel }) =>
      channel.call("extract", transfer(bytes, [bytes.buffer]), recipe, subject)
    );
  }

  close(): void {
    this.#pool.close();
  }
}

function startThread(masks: readonly MaskFile[]): Thread<ExtractionMethods> {
  const worker = new Worker(new URL("./extract_worker.ts", import.meta.url), { type: "module" });
  const thread = new Thread<ExtractionMethods>(worker);
  // Masks that can't be read were refused before.
  if (masks.length > 0) thread.channel.call("setMasks", masks).catch(() => {});
  return thread;
}
