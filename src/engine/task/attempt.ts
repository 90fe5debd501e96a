/** One attempt to run an instance within its timeout, and the pause before the next. */
import type { Instance } from "../../workflow/graph.ts";
import type { Executor, Job } from "./executors/executor.ts";
import type { Task, TaskResult } from "./task.ts";

/** Time that a step has to stop after its timeout; milliseconds. */
const GRACE = 10_000;
const FIRST_BACK_OFF = 1000;
const LAST_BACK_OFF = 60_000;

/**
 * @throws whatever the step throws; a TimeoutError after its `timeout`, at once if it
 *   follows its signal and after {@link GRACE} if not
 */
export async function attempt(
  executor: Executor,
  instance: Instance,
  task: Task,
  control: Pick<Job, "key" | "signal" | "kill" | "listener">,
): Promise<TaskResult> {
  const { timeout } = instance.execution;
  if (timeout === undefined) return await executor.run({ instance, task, ...control });
  const reason = new DOMException(`timed out after ${timeout} s`, "TimeoutError");
  const ask = new AbortController();
  const force = new AbortController();
  const timers = [
    setTimeout(() => ask.abort(reason), timeout * 1000),
    setTimeout(() => force.abort(reason), timeout * 1000 + GRACE),
  ];
  try {
    return await executor.run({
      instance,
      task,
      signal: AbortSignal.any([control.signal, ask.signal]),
      kill: AbortSignal.any([control.kill, force.signal]),
      key: control.key,
      listener: control.listener,
    });
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

/** Milliseconds to wait after a failed attempt, counted from 1: doubling, up to a minute. */
export function backOffDelay(attempt: number): number {
  return Math.min(LAST_BACK_OFF, FIRST_BACK_OFF * 2 ** (attempt - 1));
}

/** @throws the signal's reason when it aborts before the time is over */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  const wake = () => resolve();
  signal.addEventListener("abort", wake);
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", wake);
  signal.throwIfAborted();
}
