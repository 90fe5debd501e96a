/** What every command declares. */
import type { Arguments, Signature } from "./arguments.ts";
import type { Terminal } from "./terminal.ts";

export interface Command extends Signature {
  /** Printed by `--help` below the summary. */
  details?: string;
  /** @returns the exit code */
  run(args: Arguments, terminal: Terminal): Promise<number>;
}
