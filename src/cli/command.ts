/** What every command declares. */
import type { Arguments, Signature } from "./arguments.ts";
import type { Terminal } from "./terminal.ts";

export interface Command extends Signature {
  /** More than the one line of the list, for `--help`. */
  details?: string;
  /** @returns the exit code */
  run(args: Arguments, terminal: Terminal): Promise<number>;
}
