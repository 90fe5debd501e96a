/** Threads that do one job at a time each. */
import { Channel, type Handlers } from "./channel.ts";
import type { ErrorClass } from "./errors.ts";

/** @typeParam Remote functions that the thread offers */
export class Thread<Remote extends Handlers> {
  readonly channel: Channel<Remote>;
  #died = false;

  constructor(readonly worker: Worker, classes?: readonly ErrorClass[]) {
    this.channel = new Channel(worker, {}, classes);
    // An error outside any call, such as in a timer, ends a worker.
    worker.onerror = (event) => {
      event.preventDefault();
      this.#died = true;
      this.channel.close(new Error(`a thread died: ${event.message}`));
    };
  }

  get died(): boolean {
    return this.#died;
  }
}

/** Starts threads when they are needed, and keeps them for further jobs. */
export class WorkerPool<Remote extends Handlers> {
  readonly #all = new Set<Thread<Remote>>();
  readonly #idle: Thread<Remote>[] = [];
  /** Jobs that wait for a thread, the oldest first. */
  readonly #waiting: ((thread: Thread<Remote>) => void)[] = [];

  /** @param limit further jobs wait */
  constructor(readonly start: () => Thread<Remote>, readonly limit: number = Infinity) {}

  /** Threads at work and idle. */
  get size(): number {
    return this.#all.size;
  }

  /** Starts a thread ahead of its first job. */
  prepare(): void {
    this.#idle.push(this.#start());
  }

  /**
   * Gives a thread to a job until that settles.
   *
   * @param kill ends the thread, and rejects at once, whatever the job is doing
   * @throws what the job throws, and the reason of `kill`
   */
  async use<T>(job: (thread: Thread<Remote>) => Promise<T>, kill?: AbortSignal): Promise<T> {
    const thread = await this.#take();
    try {
      return await (kill ? untilAborted(job(thread), kill) : job(thread));
    } finally {
      if (thread.died || kill?.aborted) this.#stop(thread);
      else this.#release(thread);
    }
  }

  close(): void {
    for (const { worker } of this.#all) worker.terminate();
    this.#all.clear();
    this.#idle.length = 0;
  }

  #start(): Thread<Remote> {
    const thread = this.start();
    this.#all.add(thread);
    return thread;
  }

  async #take(): Promise<Thread<Remote>> {
    const thread = this.#idle.pop();
    if (thread && !thread.died) return thread;
    if (thread) this.#all.delete(thread);
    if (this.size < this.limit) return this.#start();
    return await new Promise((resolve) => this.#waiting.push(resolve));
  }

  #release(thread: Thread<Remote>): void {
    // After `close` nobody wants it.
    if (!this.#all.has(thread)) return;
    const next = this.#waiting.shift();
    if (next) next(thread);
    else this.#idle.push(thread);
  }

  #stop(thread: Thread<Remote>): void {
    thread.worker.terminate();
    thread.channel.close(new Error("the thread was stopped"));
    if (this.#all.delete(thread)) this.#waiting.shift()?.(this.#start());
  }
}

/** @throws the signal's reason as soon as it aborts; what comes of the promise then is ignored */
export async function untilAborted<T>(running: Promise<T>, signal: AbortSignal): Promise<T> {
  void running.catch(() => {});
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const stop = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", stop);
  try {
    return await Promise.race([running, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
