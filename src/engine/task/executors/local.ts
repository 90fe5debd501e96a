/** Runs instances in this process: on the main thread, or each on a thread of its own. */
import { encodeError } from "../../../threads/errors.ts";
import { Thread, untilAborted, WorkerPool } from "../../../threads/pool.ts";
import { type RunPlace, runPlace, type StepKind } from "../../../workflow/step.ts";
import type { Store } from "../../store/store.ts";
import { execute, type TaskResult } from "../task.ts";
import type { Executor, Job } from "./executor.ts";
import { type MainMethods, STEP_ERRORS, type WorkerMethods } from "./protocol.ts";

export interface LocalOptions {
  /**
   * URL of a module that exports `loadKind(name)`, and perhaps `createServices(store, numericClass)`,
   * which makes `context.services`. Steps that run on a thread of their own are looked up there; without it
   * they share the main one.
   */
  stepModule?: string;
}

/** Threads that have opened a device run device steps only. */
type ThreadKind = Exclude<RunPlace, "inline">;

export class LocalExecutor implements Executor {
  readonly #pools: Record<ThreadKind, WorkerPool<WorkerMethods>>;

  constructor(readonly store: Store, readonly options: LocalOptions) {
    const start = () => this.#startThread();
    this.#pools = { worker: new WorkerPool(start), device: new WorkerPool(start) };
  }

  async run(job: Job): Promise<TaskResult> {
    const { kind } = job.instance;
    const place = runPlace(job.instance);
    // A user's own step is not in the module: its `run` starts its own worker.
    return place === "inline" || kind.code !== undefined || !this.options.stepModule
      ? await this.#runHere(job, kind)
      : await this.#runInWorker(job, this.#pools[place]);
  }

  expect(): void {
    const { worker, device } = this.#pools;
    if (this.options.stepModule && worker.size + device.size === 0) worker.prepare();
  }

  async #runHere(job: Job, kind: StepKind): Promise<TaskResult> {
    const running = execute(this.store, kind, job.task, undefined, job.signal, job.listener);
    return await untilAborted(running, job.kill);
  }

  async #runInWorker(job: Job, pool: WorkerPool<WorkerMethods>): Promise<TaskResult> {
    const { signal, listener } = job;
    return await pool.use(async ({ channel }) => {
      channel.handlers = {
        log: (level, message) => listener.log(level, message),
        progress: (update) => listener.progress(update),
        stored: (blob) => listener.stored(blob),
        corruption: (corruption) => this.store.onCorruption(corruption),
      } satisfies MainMethods;
      const abort = () => {
        channel.call("abort", encodeError(signal.reason)).catch(() => {});
      };
      signal.addEventListener("abort", abort);
      try {
        const running = channel.call("run", job.task);
        if (signal.aborted) abort();
        return await running;
      } catch (error) {
        throw isReason(error, signal) ? signal.reason : error;
      } finally {
        signal.removeEventListener("abort", abort);
      }
    }, job.kill);
  }

  #startThread(): Thread<WorkerMethods> {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    const thread = new Thread<WorkerMethods>(worker, STEP_ERRORS);
    const { root, lower, verify } = this.store;
    const stepModule = this.options.stepModule!;
    thread.channel.call("open", { root, lower, verify, stepModule }).catch(() => {});
    return thread;
  }

  close(): void {
    for (const pool of Object.values(this.#pools)) pool.close();
  }
}

/** Whether an error from a worker is the reason of the abort that was sent there. */
function isReason(error: unknown, { aborted, reason }: AbortSignal): boolean {
  return aborted && error instanceof Error && reason instanceof Error &&
    error.name === reason.name && error.message === reason.message;
}
