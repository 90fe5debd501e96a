/** Generates images on several threads. */
import { DataError } from "../../errors.ts";
import { generateImage, type ImageJob } from "./image.ts";
import type { FromGenerator } from "./worker.ts";

/** Threads that hold one image each. With one thread the caller's does the work. */
export class GeneratorPool {
  readonly #idle: Worker[] = [];
  readonly #workers: Worker[] = [];

  constructor(readonly threads: number) {}

  /**
   * Bytes of an image file. Not more than `threads` calls may be under way.
   *
   * @throws {DataError} when the source or mask can't be used
   */
  async generate(job: ImageJob): Promise<Uint8Array<ArrayBuffer>> {
    if (this.threads <= 1) return generateImage(job);
    const worker = this.#idle.pop() ?? this.#start();
    const reply = Promise.withResolvers<FromGenerator>();
    worker.onmessage = ({ data }: MessageEvent<FromGenerator>) => reply.resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reply.reject(new Error(`a generator thread died: ${event.message}`));
    };
    worker.postMessage(job);
    const answer = await reply.promise;
    this.#idle.push(worker);
    switch (answer.type) {
      case "image":
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

  #start(): Worker {
    if (this.#workers.length >= this.threads) {
      throw new RangeError(`more than ${this.threads} images at a time`);
    }
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    this.#workers.push(worker);
    return worker;
  }

  close(): void {
    for (const worker of this.#workers) worker.terminate();
    this.#workers.length = 0;
    this.#idle.length = 0;
  }
}
