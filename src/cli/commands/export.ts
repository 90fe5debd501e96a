import { resolve } from "../../workflow/paths.ts";
import { UsageError } from "../arguments.ts";
import type { Command } from "../command.ts";
import { ExitCode, shortPath } from "../failure.ts";
import { CACHE_OPTION, openCache } from "../open.ts";
import { findRun } from "../past_runs.ts";

export default {
  arguments: [{ name: "RUN", help: "Id of a run, its first digits, or latest" }],
  options: {
    crate: { value: "DIR", help: "New folder for the Workflow Run RO-Crate" },
    cache: CACHE_OPTION,
  },
  details:
    `Writes the run's provenance as a Workflow Run RO-Crate (JSON-LD): the workflow, every instance
with its parameters, inputs and outputs, and the published files.`,
  async run(args, { out }) {
    const folder = args.value("crate");
    if (folder === undefined) throw new UsageError("--crate DIR is missing");
    const { exportCrate } = await import("../../engine/crate.ts");
    const store = openCache(args);
    await exportCrate(store, findRun(store, args.positionals[0]), resolve(folder));
    out.line(`wrote ${shortPath(`${resolve(folder)}/ro-crate-metadata.json`)}`);
    return ExitCode.done;
  },
} satisfies Command;
