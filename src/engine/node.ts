/** An instance in a run, and what becomes of it. */
import type { Blob } from "../workflow/step.ts";
import type { Outcome } from "./events.ts";
import type { Outputs } from "./keying.ts";
import type { PlannedInstance } from "./plan.ts";
import type { Demand } from "./pools.ts";
import type { Task } from "./task.ts";

export interface Node {
  planned: PlannedInstance;
  order: number;
  demand: Demand;
  priority: number;
  /** Producers not yet done. */
  waiting: number;
  consumers: Node[];
  outcome?: Outcome;
  key?: string;
  outputs?: Outputs;
  /** ISO 8601, UTC. */
  started?: string;
  finished?: string;
  seconds?: number;
  message?: string;
  logPath?: string;
  /** It runs again because its outputs turned out to be damaged; these wait for it. */
  healing?: Node[];
  /** Of the last execution, for what a failure keeps. */
  failure?: { task: Task; stored: Blob[] };
  /** Times that damage made it run again. */
  healed: number;
}
