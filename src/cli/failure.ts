/** Errors as people read them, and the exit codes that go with them. */
import { relative } from "node:path";
import { DataError, DeviceError, type Issue, StepError, WorkflowError } from "../errors.ts";
import { UsageError } from "./arguments.ts";
import type { Output } from "./terminal.ts";

/** What the program says to its caller. */
export const ExitCode = {
  done: 0,
  failed: 1,
  /** Wrong usage, an invalid file. */
  invalid: 2,
  /** `plan --check` found work. */
  pending: 3,
  /** `verify` or `--frozen` found a difference. */
  mismatch: 4,
  interrupted: 130,
} as const;

/** Prints an error and gives its exit code. What is not a user's error is a bug and keeps its stack. */
export function reportFailure(error: unknown, err: Output): number {
  if (error instanceof UsageError) {
    err.line(`${err.paint("error", "red")}: ${sentence(error.message, error.suggestion)}`);
    return ExitCode.invalid;
  }
  if (error instanceof WorkflowError) {
    err.line(error.issues.map((issue) => issueText(issue, err)).join("\n\n"));
    if (error.issues.length > 1) err.line(`\n${error.issues.length} problems`);
    return ExitCode.invalid;
  }
  if (error instanceof DataError || error instanceof DeviceError || error instanceof StepError) {
    err.line(`${err.paint("error", "red")}: ${error.message}`);
    return ExitCode.failed;
  }
  const stack = error instanceof Error ? error.stack ?? error.message : String(error);
  err.line(`${err.paint("bug in Gyrus", "red")}: ${stack}`);
  return ExitCode.failed;
}

/** Place, excerpt, caret and message of one thing that is wrong with a file. */
export function issueText({ message, location, suggestion }: Issue, output: Output): string {
  const text = sentence(message, suggestion);
  if (location === undefined) return `${output.paint("error", "red")}: ${text}`;
  const { file, line, column, length = 1, excerpt } = location;
  const lines = [output.paint(`${shortPath(file)}:${line}:${column}`, "bold")];
  if (excerpt !== undefined) {
    const number = String(line);
    // A tab keeps its width above the caret.
    const indent = excerpt.slice(0, column - 1).replaceAll(/[^\t]/g, " ");
    const marks = "^".repeat(Math.max(1, Math.min(length, excerpt.length - column + 1)));
    lines.push(
      `${number} | ${excerpt}`,
      `${" ".repeat(number.length)} | ${indent}${output.paint(marks, "red")}`,
    );
  }
  return [...lines, text].join("\n");
}

function sentence(message: string, suggestion: string | undefined): string {
  return suggestion === undefined ? message : `${message}; ${suggestion}`;
}

/** A path as the caller would write it. */
export function shortPath(path: string): string {
  const fromHere = relative(Deno.cwd(), path);
  return fromHere.startsWith("..") ? path : fromHere || ".";
}
