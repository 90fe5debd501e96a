/** The interface between the scheduler and what runs instances. */
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
  /** Announces that a step with a thread of its own will run, so that a thread may be started. */
  expect?(): void;
  close(): void;
}
