/** What the main thread and a worker call on each other. */
import {
  ERROR_CLASSES,
  type ErrorClass,
  errorClass,
  type SentError,
} from "../../../threads/errors.ts";
import type { Corruption, VerifyPolicy } from "../../store/store.ts";
import { ObjectError } from "../../store/store_error.ts";
import type { Task, TaskListener, TaskResult } from "../task.ts";

export interface OpenOptions {
  root: string;
  lower: readonly string[];
  verify: VerifyPolicy;
  /** See {@link LocalOptions.stepModule}. */
  stepModule: string;
}

export type WorkerMethods = {
  open(options: OpenOptions): void;
  run(task: Task): Promise<TaskResult>;
  abort(reason: SentError): void;
};

export type MainMethods = Pick<TaskListener, "log" | "progress" | "stored"> & {
  corruption(corruption: Corruption): void;
};

/** Errors that cross as what they are. */
export const STEP_ERRORS: readonly ErrorClass[] = [
  errorClass(ObjectError, ({ digest, state, problem }) => [digest, state, problem]),
  ...ERROR_CLASSES,
];
