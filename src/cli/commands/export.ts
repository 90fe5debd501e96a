import { resolve } from "../../workflow/paths.ts";
import { UsageError } from "../arguments.ts";
import type { Command } from "../command.ts";
import { ExitCode, shortPath } from "../failure.ts";
import { CACHE_OPTIONS, FILE_ARGUMENT, openPastCache } from "../open.ts";
import { findRun } from "../runs/past_runs.ts";

export default {
  file: FILE_ARGUMENT,
  arguments: [
    { name: "RUN", help: "Id of a run or its first digits; default: the newest", optional: true },
  ],
  options: {
    crate: { value: "DIR", help: "New folder for the Workflow Run RO-Crate" },
    ...CACHE_OPTIONS,
  },
  details:
    `Writes the run's provenance as a Workflow Run RO-Crate (JSON-LD): the workflow, every instance
with its parameters, inputs and outputs, and the published files.`,
  async run(args, { out }) {
    const folder = args.value("crate");
    if (folder === undefined) throw new UsageError("--crate DIR is missing");
    const { exportCrate } = await import("../../engine/crate.ts");
    const store = await openPastCache(args);
    await exportCrate(store, findRun(store, args, args.positionals[0]), resolve(folder));
    out.line(`wrote ${shortPath(`${resolve(folder)}/ro-crate-metadata.json`)}`);
    return ExitCode.done;
  },
} satisfies Command;
