/**
 * The four errors that a user can cause. Anything else that is thrown is a bug
 * and keeps its stack. Every room may import this file.
 */

/** A place in a workflow file. Lines and columns count from 1. */
export interface Location {
  file: string;
  line: number;
  column: number;
  /** Characters that the caret underlines; 1 when absent. */
  length?: number;
  /** The line's text, to be shown above the caret. */
  excerpt?: string;
}

/** One thing that is wrong with a workflow file. */
export interface Issue {
  message: string;
  location?: Location;
  /** What to write instead, or the command that mends it. */
  suggestion?: string;
}

/** Everything that is wrong with a workflow file, found at once. */
export class WorkflowError extends Error {
  override readonly name = "WorkflowError";
  constructor(readonly issues: readonly Issue[]) {
    super(issues.map((issue) => issue.message).join("\n"));
  }
}

/** Input data that can't be used: names the file or the participant, and the problem. */
export class DataError extends Error {
  override readonly name = "DataError";
  /** @param subject the file, table row or participant at fault */
  constructor(readonly subject: string, readonly problem: string, options?: ErrorOptions) {
    super(`${subject}: ${problem}`, options);
  }
}

/** The device refused or failed: names the kernel and the line where known. */
export class DeviceError extends Error {
  override readonly name = "DeviceError";
  constructor(
    message: string,
    readonly kernel?: string,
    readonly line?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A step failed: names the instance and the log that tells more. */
export class StepError extends Error {
  override readonly name = "StepError";
  constructor(
    readonly instance: string,
    message: string,
    readonly logPath?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
