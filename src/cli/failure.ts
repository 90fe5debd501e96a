/** Prints errors, and lists the exit codes. */
import { DataError, DeviceError, StepError, WorkflowError } from "../errors.ts";
import { relative } from "../workflow/paths.ts";
import { UsageError } from "./arguments.ts";
import { asTyped } from "./hint.ts";
import type { Output } from "./terminal.ts";

/** Exit codes of the program. */
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

/** A problem as `--json` prints it; lines and columns count from 1. */
export interface JsonProblem {
  message: string;
  suggestion?: string;
  file?: string;
  line?: number;
  column?: number;
  /** Characters from `column` on. */
  length?: number;
}

/** What an error consists of. */
export function jsonProblems(error: unknown): JsonProblem[] {
  if (error instanceof WorkflowError) {
    return error.issues.map(({ message, suggestion, location }) => {
      const { file, line, column, length } = location ?? {};
      return { message, suggestion, file, line, column, length };
    });
  }
  if (error instanceof UsageError) {
    return [{ message: error.message, suggestion: error.suggestion }];
  }
  return [{ message: error instanceof Error ? error.message : String(error) }];
}

/** Prints an error and returns its exit code. Any error but a user's is a bug and is printed with its stack. */
export async function reportFailure(error: unknown, err: Output): Promise<number> {
  const print = (message: string) => err.line(`${err.paint("error", "red")}: ${message}`);
  if (error instanceof UsageError) {
    print(error.suggestion === undefined ? error.message : `${error.message}; ${error.suggestion}`);
    return ExitCode.invalid;
  }
  if (error instanceof WorkflowError) {
    const { renderIssues } = await import("../workflow/render_issues.ts");
    const issues = error.issues.map((issue) => ({
      ...issue,
      suggestion: issue.suggestion && asTyped(issue.suggestion),
    }));
    err.block(renderIssues(issues, Deno.cwd()));
    if (error.issues.length > 1) err.block(`\n${error.issues.length} problems`);
    return ExitCode.invalid;
  }
  if (error instanceof StepError) {
    print(`${error.instance}: ${error.message}`);
    return ExitCode.failed;
  }
  if (error instanceof DataError || error instanceof DeviceError) {
    print(asTyped(error.message));
    return ExitCode.failed;
  }
  const denied = deniedWrite(error);
  if (denied !== undefined) {
    print(
      `no permission to write ${denied}: Gyrus writes to the workflow's folder and to what ` +
        `--cache, GYRUS_CACHE, --profile and output options name`,
    );
    return ExitCode.invalid;
  }
  // As after `deno install` of a checkout's mod.ts.
  if (error instanceof TypeError && /^Import ".+" not a dependency/.test(error.message)) {
    print(
      "Gyrus was started without its deno.json; from a checkout, link its launcher `gyrus` into a " +
        "folder of PATH, or install jsr:@gyrus/gyrus as README shows",
    );
    return ExitCode.invalid;
  }
  const stack = error instanceof Error ? error.stack ?? error.message : String(error);
  err.line(`${err.paint("bug in Gyrus", "red")}: ${stack}`);
  return ExitCode.failed;
}

/** Whether an error has a cause that a user can do something about; any other is a bug. */
export function isKnownError(error: Error): boolean {
  return [WorkflowError, DataError, DeviceError, StepError].some((kind) => error instanceof kind) ||
    error.name === "TimeoutError";
}

/** The path that the program may not write to. */
function deniedWrite(error: unknown): string | undefined {
  if (!(error instanceof Deno.errors.NotCapable)) return undefined;
  return error.message.match(/^Requires (?:write|all) access to "(.+?)"/)?.[1];
}

/** A path relative to the current folder, or absolute where it is outside. */
export function shortPath(path: string): string {
  const fromHere = relative(Deno.cwd(), path);
  return fromHere.startsWith("..") ? path : fromHere || ".";
}
