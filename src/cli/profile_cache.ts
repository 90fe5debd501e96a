/**
/**
 * Prints what `[profile.NAME]` of a workflow file needs, for the launcher, which gives the permissions: the
 * folder that results are written to; in lines that start with `net ` the server that it reads from; and
 * `run PROGRAM,PROGRAM`, the programs of its scheduler. Prints nothing for a file with a problem: the
 * command reports it.
 */
import { programsOf } from "../engine/cluster/executor_programs.ts";
import { isAddress, parseAddress } from "../engine/store/remote/address.ts";
import { DataError, WorkflowError } from "../errors.ts";
import { dirname, resolve } from "../workflow/paths.ts";
import { readProfile } from "../workflow/read.ts";
import { shortPath } from "./failure.ts";
import { standardTerminal } from "./terminal.ts";

const [file, name] = Deno.args;
try {
  const profile = await readProfile(file, name);
  const [folder, ...further] = profile?.cache?.split(",").map((tier) => tier.trim()) ?? [];
  const { out } = standardTerminal();
  if (folder !== undefined && !isAddress(folder)) {
    out.line(shortPath(resolve(dirname(resolve(file)), folder)));
    for (const tier of further.filter(isAddress)) out.line(`net ${parseAddress(tier).host}`);
  }
  if (profile?.executor) out.line(`run ${programsOf(profile.executor).join(",")}`);
} catch (error) {
  if (!(error instanceof WorkflowError || error instanceof DataError)) throw error;
}
