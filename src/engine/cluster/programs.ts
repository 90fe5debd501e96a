/** Runs the programs of a scheduler. Their names are the only ones that Gyrus may run. */
import { DataError } from "../../errors.ts";

/** A controller that is away leaves its programs waiting for ever. */
const ANSWER_LIMIT_MS = 60_000;

/** Characters of a program's complaint that are shown. */
const SHOWN = 500;

export interface Answer {
  code: number;
  out: string;
  /** The last lines of what it complained about. */
  err: string;
}

/** Runs one program and returns what it printed. */
export type RunProgram = (words: readonly string[], limitMs?: number) => Promise<Answer>;

/**
 * @throws {DataError} when the program is not there, may not be run or does not answer in time
 */
export const runProgram: RunProgram = async (
  [name, ...args],
  limitMs = ANSWER_LIMIT_MS,
) => {
  const signal = AbortSignal.timeout(limitMs);
  try {
    const command = new Deno.Command(name, { args, stdin: "null", signal });
    const { code, stdout, stderr } = await command.output();
    if (signal.aborted) throw silentError(name, limitMs);
    const decoder = new TextDecoder();
    return { code, out: decoder.decode(stdout), err: decoder.decode(stderr).trim().slice(-SHOWN) };
  } catch (cause) {
    if (signal.aborted) throw silentError(name, limitMs);
    if (cause instanceof Deno.errors.NotFound) {
      const problem = "is not installed here; run Gyrus on a machine that submits jobs";
      throw new DataError(name, problem, { cause });
    }
    if (cause instanceof Deno.errors.NotCapable) {
      const problem = "may not be run: name the workflow FILE and its --profile, which the " +
        "launcher takes the permission from";
      throw new DataError(name, problem, { cause });
    }
    throw cause;
  }
};

function silentError(name: string, limitMs: number): DataError {
  return new DataError(
    name,
    `did not answer in ${Math.round(limitMs / 1000)} s; is the scheduler's controller away? ` +
      "The same command continues later",
  );
}
