/** Errors as people read them, and the exit codes that go with them. */
import { DataError, DeviceError, StepError, WorkflowError } from "../errors.ts";
import { relative } from "../workflow/paths.ts";
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
export async function reportFailure(error: unknown, err: Output): Promise<number> {
  const say = (message: string) => err.line(`${err.paint("error", "red")}: ${message}`);
  if (error instanceof UsageError) {
    say(error.suggestion === undefined ? error.message : `${error.message}; ${error.suggestion}`);
    return ExitCode.invalid;
  }
  if (error instanceof WorkflowError) {
    const { renderIssues } = await import("../workflow/render_issues.ts");
    err.line(renderIssues(error.issues, Deno.cwd()));
    if (error.issues.length > 1) err.line(`\n${error.issues.length} problems`);
    return ExitCode.invalid;
  }
  if (error instanceof StepError) {
    say(`${error.instance}: ${error.message}`);
    return ExitCode.failed;
  }
  if (error instanceof DataError || error instanceof DeviceError) {
    say(error.message);
    return ExitCode.failed;
  }
  const denied = deniedWrite(error);
  if (denied !== undefined) {
    say(
      `no permission to write ${denied}: Gyrus writes to the workflow's folder and to what ` +
        `--cache, GYRUS_CACHE and output options name`,
    );
    return ExitCode.invalid;
  }
  const stack = error instanceof Error ? error.stack ?? error.message : String(error);
  err.line(`${err.paint("bug in Gyrus", "red")}: ${stack}`);
  return ExitCode.failed;
}

/** The path that the launcher gave no permission for. */
function deniedWrite(error: unknown): string | undefined {
  if (!(error instanceof Deno.errors.NotCapable)) return undefined;
  return error.message.match(/^Requires write access to "(.+?)"/)?.[1];
}

/** A path as the caller would write it. */
export function shortPath(path: string): string {
  const fromHere = relative(Deno.cwd(), path);
  return fromHere.startsWith("..") ? path : fromHere || ".";
}
