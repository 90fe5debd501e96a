/** Generates images on several threads. */
import { Thread, WorkerPool } from "../../threads/pool.ts";
import { generateImage, type ImageJob } from "./image.ts";
import type { GeneratorMethods } from "./worker.ts";

/** Threads that hold one image each. With one thread the caller's does the work. */
export class GeneratorPool {
  readonly #pool: WorkerPool<GeneratorMethods>;

  constructor(readonly threads: number) {
    this.#pool = new WorkerPool(startThread, threads);
  }

  /**
   * Bytes of an image file.
   *
   * @throws {DataError} when the source or mask can't be used
   */
  async generate(job: ImageJob): Promise<Uint8Array<ArrayBuffer>> {
    if (this.threads <= 1) return generateImage(job);
    return await this.#pool.use(({ channel }) => channel.call("generate", job));
  }

  close(): void {
    this.#pool.close();
  }
}

function startThread(): Thread<GeneratorMethods> {
  return new Thread(new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }));
}
