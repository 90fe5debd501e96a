/** Registers heads on several threads. */
import { transfer } from "../../threads/channel.ts";
import { Thread, WorkerPool } from "../../threads/pool.ts";
import type { HeadJob, RegisteredHead } from "./head.ts";
import type { PreparedTemplate } from "./template_space.ts";
import type { HeadMethods } from "./serve_heads.ts";

/** Threads that hold the template and one head each. */
export class HeadPool {
  readonly #pool: WorkerPool<HeadMethods>;

  /** @param startWorker starts a worker that calls `serveHeads`; one for the processor when absent */
  constructor(threads: number, template: PreparedTemplate, startWorker = startProcessorWorker) {
    this.#pool = new WorkerPool(() => startThread(startWorker(), template), threads);
  }

  /**
   * @param job its bytes are gone afterwards
   * @param signal ends the thread, whatever it is doing
   * @throws {DataError} when the image can't be used or registered
   */
  async preprocess(job: HeadJob, signal: AbortSignal): Promise<RegisteredHead> {
    return await this.#pool.use(
      ({ channel }) => channel.call("preprocess", transfer(job, [job.bytes.buffer])),
      signal,
    );
  }

  close(): void {
    this.#pool.close();
  }
}

function startProcessorWorker(): Worker {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
}

function startThread(worker: Worker, template: PreparedTemplate): Thread<HeadMethods> {
  const thread = new Thread<HeadMethods>(worker);
  // A thread that can't take it fails at its first head.
  thread.channel.call("setTemplate", template).catch(() => {});
  return thread;
}
