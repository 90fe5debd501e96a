/** Runs instances in this process: on the main thread, or each on a thread of its own. */
import type { StepKind } from "../../workflow/step.ts";
import type { Store } from "../store.ts";
import { execute, type TaskResult } from "../task.ts";
import type { Executor, Job } from "./executor.ts";
import { type FromWorker, rebuiltError, type ToWorker } from "./messages.ts";

export interface LocalOptions {
  /**
   * URL of a module that exports `loadKind(name)`, and perhaps `services(kind)`.
   * Steps that run on a thread of their own are looked up there; without it they share the main one.
   */
  stepModule?: string;
  /** What `context.services` is on the main thread. */
  services?: (kind: string, store: Store) => unknown;
}

export class LocalExecutor implements Executor {
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();

  constructor(readonly store: Store, readonly options: LocalOptions) {}

  async run(job: Job): Promise<TaskResult> {
    const { kind } = job.instance;
    // A user's own step is no part of the module: its `run` brings its own worker.
    return kind.runs === "worker" && kind.code === undefined && this.options.stepModule
      ? await this.#runInWorker(job, this.options.stepModule)
      : await this.#runHere(job, kind);
  }

  expect(): void {
    const { stepModule } = this.options;
    if (stepModule && this.#all.size === 0) this.#idle.push(this.#startWorker(stepModule));
  }

  async #runHere(job: Job, kind: StepKind): Promise<TaskResult> {
    const services = await this.options.services?.(kind.kind, this.store);
    const running = execute(this.store, kind, job.task, services, job.signal, job.listener);
    return await orKilled(running, job.kill);
  }

  async #runInWorker(job: Job, stepModule: string): Promise<TaskResult> {
    const worker = this.#idle.pop() ?? this.#startWorker(stepModule);
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
          return finished.reject(rebuiltError(data.error));
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
      if (answered) this.#idle.push(worker);
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
    this.#idle.length = 0;
  }
}

function abortMessage(reason: unknown): ToWorker {
  return reason instanceof Error
    ? { type: "abort", name: reason.name, message: reason.message }
    : { type: "abort", name: "AbortError", message: String(reason) };
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
