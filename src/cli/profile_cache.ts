/**
 * Prints the folder that `[profile.NAME]` of a workflow file writes results to, for the launcher,
 * which gives the permission. Prints nothing for a file with a problem: the command reports it.
 */
import { WorkflowError } from "../errors.ts";
import { dirname, resolve } from "../workflow/paths.ts";
import { readProfile } from "../workflow/read.ts";
import { shortPath } from "./failure.ts";
import { standardTerminal } from "./terminal.ts";

const [file, name] = Deno.args;
try {
  const profile = await readProfile(file, name);
  const [folder] = profile?.cache?.split(",") ?? [];
  if (folder !== undefined) {
    standardTerminal().out.line(shortPath(resolve(dirname(resolve(file)), folder.trim())));
  }
} catch (error) {
  if (!(error instanceof WorkflowError)) throw error;
}
