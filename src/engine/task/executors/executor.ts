/** What the scheduler asks of a place where instances run. */
import type { Instance } from "../../../workflow/graph.ts";
import type { Task, TaskListener, TaskResult } from "../task.ts";

export interface Job {
  instance: Instance;
  task: Task;
  /** Asks the step to save what it can and stop. */
  signal: AbortSignal;
  /** Stops waiting for it: the job rejects at once, whatever the step is doing. */
  kill: AbortSignal;
  listener: TaskListener;
}

export interface Executor {
  /** Runs a task; the outputs are stored when it resolves. */
  run(job: Job): Promise<TaskResult>;
  /** A step with a thread of its own is to come: what its thread needs may be made ready. */
  expect?(): void;
  close(): void;
}
