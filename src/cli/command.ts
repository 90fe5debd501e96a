/** What every command declares. */
import type { Given, Signature } from "./arguments.ts";
import type { Terminal } from "./terminal.ts";

export interface Command extends Signature {
  /** More than the one line of the list, for `--help`. */
  details?: string;
  /** @returns the exit code */
  run(given: Given, terminal: Terminal): Promise<number>;
}
