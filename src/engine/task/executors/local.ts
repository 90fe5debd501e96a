/** Runs instances in this process: on the main thread, or each on a thread of its own. */
import type { StepKind } from "../../../workflow/step.ts";
import type { Store } from "../../store/store.ts";
import { execute, type TaskResult } from "../task.ts";
import type { Executor, Job } from "./executor.ts";
import { type FromWorker, rebuiltError, type ToWorker } from "./messages.ts";

export interface LocalOptions {
  /**
   * URL of a module that exports `loadKind(name)`, and perhaps `createServices(store, numericClass)`,
   * which makes `context.services`. Steps that run on a thread of their own are looked up there; without it
   * they share the main one.
   */
  stepModule?: string;
}

/** Threads are kept apart by what ran there: one that holds a device is for steps that need it. */
type ThreadKind = Exclude<StepKind["runs"], "inline">;

export class LocalExecutor implements Executor {
  readonly #idle: Record<ThreadKind, Worker[]> = { worker: [], device: [] };
  readonly #all = new Set<Worker>();

  constructor(readonly store: Store, readonly options: LocalOptions) {}

  async run(job: Job): Promise<TaskResult> {
    const { kind } = job.instance;
    const { stepModule } = this.options;
    // A user's own step is no part of the module: its `run` brings its own worker.
    return kind.runs === "inline" || kind.code !== undefined || !stepModule
      ? await this.#runHere(job, kind)
      : await this.#runInWorker(job, this.#idle[kind.runs], stepModule);
  }

  expect(): void {
    const { stepModule } = this.options;
    if (stepModule && this.#all.size === 0) this.#idle.worker.push(this.#startWorker(stepModule));
  }

  async #runHere(job: Job, kind: StepKind): Promise<TaskResult> {
    const running = execute(this.store, kind, job.task, undefined, job.signal, job.listener);
    return await orKilled(running, job.kill);
  }

  async #runInWorker(job: Job, idle: Worker[], stepModule: string): Promise<TaskResult> {
    const worker = idle.pop() ?? this.#startWorker(stepModule);
    const abort = () => worker.postMessage(abortMessage(job.signal.reason));
    const finished = Promise.withResolvers<TaskResult>();
    // After an answer the worker is at rest; a kill or a death leaves it in an unknown state.
    let answered = false;
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      switch (data.type) {
        case "log":
          return job.listener.log(data.level, data.message);
        case "progress":
          return job.listener.progress(data.update);
        case "stored":
          return job.listener.stored(data.blob);
        case "damage":
          return this.store.onDamage(data.damage);
        case "done":
          answered = true;
          return finished.resolve(data.result);
        case "failed":
          answered = true;
          return finished.reject(ownReason(rebuiltError(data.error), job.signal));
      }
    };
    worker.onerror = (event) => {
      event.preventDefault();
      finished.reject(new Error(`the worker of ${job.instance.name} died: ${event.message}`));
    };
    try {
      worker.postMessage({ type: "run", task: job.task } satisfies ToWorker);
      if (job.signal.aborted) abort();
      job.signal.addEventListener("abort", abort);
      return await orKilled(finished.promise, job.kill);
    } finally {
      job.signal.removeEventListener("abort", abort);
      if (answered) idle.push(worker);
      else this.#stopWorker(worker);
    }
  }

  #startWorker(stepModule: string): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    this.#all.add(worker);
    const { root, lower, verify } = this.store;
    const message: ToWorker = { type: "open", root, lower, verify, stepModule };
    worker.postMessage(message);
    return worker;
  }

  #stopWorker(worker: Worker): void {
    this.#all.delete(worker);
    worker.terminate();
  }

  close(): void {
    for (const worker of this.#all) worker.terminate();
    this.#all.clear();
    for (const idle of Object.values(this.#idle)) idle.length = 0;
  }
}

function abortMessage(reason: unknown): ToWorker {
  return reason instanceof Error
    ? { type: "abort", name: reason.name, message: reason.message }
    : { type: "abort", name: "AbortError", message: String(reason) };
}

/** An abort that comes back from a worker is the one that was sent. */
function ownReason(error: Error, { aborted, reason }: AbortSignal): unknown {
  const same = aborted && reason instanceof Error && error.name === reason.name &&
    error.message === reason.message;
  return same ? reason : error;
}

async function orKilled<T>(running: Promise<T>, kill: AbortSignal): Promise<T> {
  if (kill.aborted) throw kill.reason;
  const killed = Promise.withResolvers<never>();
  const stop = () => killed.reject(kill.reason);
  kill.addEventListener("abort", stop);
  try {
    return await Promise.race([running, killed.promise]);
  } finally {
    kill.removeEventListener("abort", stop);
    void running.catch(() => {});
  }
}
