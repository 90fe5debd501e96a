/**
 * The four errors that a user can cause. Anything else that is thrown is a bug and keeps its stack.
 * Every folder may import this file.
 */

/** A position in a workflow file. Lines and columns count from 1. */
export interface Location {
  /** Path of the file. */
  file: string;
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
  /** Characters that the caret underlines; 1 when absent. */
  length?: number;
  /** The line's text, which is shown above the caret. */
  excerpt?: string;
}

/** One problem of a workflow file. */
export interface Issue {
  /** What is wrong. */
  message: string;
  /** Where; absent for options of the command line. */
  location?: Location;
  /** What to write instead, or the command that repairs it. */
  suggestion?: string;
}

/**
 * All problems of a workflow file, reported together.
 *
 * @example
 * ```ts
 * import { WorkflowError } from "gyrus";
 *
 * const error = new WorkflowError([{ message: 'unknown step "slice"' }, { message: "no steps" }]);
 * console.assert(error.message === 'unknown step "slice"\nno steps');
 * ```
 */
export class WorkflowError extends Error {
  /** Always `WorkflowError`. */
  override readonly name = "WorkflowError";

  /**
   * Joins the messages.
   *
   * @param issues in the order in which they are shown
   */
  constructor(readonly issues: readonly Issue[]) {
    super(issues.map((issue) => issue.message).join("\n"));
  }
}

/**
 * Input data that can't be used.
 *
 * @example
 * ```ts
 * import { DataError } from "gyrus";
 *
 * const error = new DataError("sub-01", "has no T1w image");
 * console.assert(error.message === "sub-01: has no T1w image");
 * ```
 */
export class DataError extends Error {
  /** Always `DataError`. */
  override readonly name = "DataError";

  /**
   * Its message is the subject and the problem.
   *
   * @param subject the file, table row or participant that has the problem
   * @param problem what is wrong with it, and what to do
   * @param options with the `cause`
   */
  constructor(readonly subject: string, readonly problem: string, options?: ErrorOptions) {
    super(`${subject}: ${problem}`, options);
  }
}

/**
 * The device refused or failed.
 *
 * @example
 * ```ts
 * import { DeviceError } from "gyrus";
 *
 * const error = new DeviceError("unknown identifier", "kernels/pool.wgsl", 12);
 * console.assert(error.kernel === "kernels/pool.wgsl" && error.line === 12);
 * ```
 */
export class DeviceError extends Error {
  /** Always `DeviceError`. */
  override readonly name = "DeviceError";

  /**
   * Names the kernel and the line where they are known.
   *
   * @param message what the device reported
   * @param kernel name of the kernel
   * @param line of the kernel's text, from 1
   * @param options with the `cause`
   */
  constructor(
    message: string,
    readonly kernel?: string,
    readonly line?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * A step failed.
 *
 * @example
 * ```ts
 * import { StepError } from "gyrus";
 *
 * const error = new StepError("train[fold=1]", "the loss is NaN", "runs/1/train.log");
 * console.assert(error.instance === "train[fold=1]" && error.logPath === "runs/1/train.log");
 * ```
 */
export class StepError extends Error {
  /** Always `StepError`. */
  override readonly name = "StepError";

  /**
   * Names the instance and its log.
   *
   * @param instance name of the instance
   * @param message what failed
   * @param logPath of the instance's log
   * @param options with the `cause`
   */
  constructor(
    readonly instance: string,
    message: string,
    readonly logPath?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
