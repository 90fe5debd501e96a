/** The interface between the scheduler and what runs instances. */
import type { Instance } from "../../../workflow/graph.ts";
import type { Digest } from "../../../workflow/step.ts";
import type { Task, TaskListener, TaskResult } from "../task.ts";

export interface Job {
  instance: Instance;
  task: Task;
  /** Of the record that its result will have. */
  key: Digest;
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
  /** Whether another machine computes it, and publishes its record: here it takes up nothing. */
  isElsewhere?(instance: Instance): boolean;
  /** Whether jobs have been submitted, which go on whatever fails here. */
  readonly goesOn?: boolean;
  close(): void;
}
