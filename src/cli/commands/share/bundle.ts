import { readTextIfPresent } from "../../../disk/read.ts";
import type { RunRecord } from "../../../engine/run/run_folder.ts";
import { loadKind } from "../../../steps/mod.ts";
import { basename, resolve } from "../../../workflow/paths.ts";
import type { Command } from "../../command.ts";
import { ExitCode, shortPath } from "../../failure.ts";
import { CACHE_OPTIONS, FILE_ARGUMENT, openPastCache } from "../../open.ts";
import { countText, sizeText } from "../../quantity.ts";
import { findRun } from "../../runs/past_runs.ts";
import { lockPath } from "../../save.ts";
import { warnOfNamedPaths } from "../../share/named_paths.ts";
import { PERMIT_OPTIONS, permitsOf } from "../../share/permit_options.ts";

export default {
  file: FILE_ARGUMENT,
  arguments: [
    { name: "RUN", help: "Id of a run, its first digits, or latest" },
    { name: "ARCHIVE", help: "File to write, such as study.zip" },
  ],
  options: {
    ...CACHE_OPTIONS,
    only: {
      value: "TARGET",
      many: true,
      help: "The outputs of these steps or instances; default: of all",
    },
    ...PERMIT_OPTIONS,
    "dry-run": { help: "List what would be in it, and what would stay; write nothing" },
  },
  details:
    `The archive is a ZIP file and an RO-Crate: the workflow with its includes and steps of your own, the lock
file, the records of all results, and outputs. \`gyrus open\` makes a folder of it at a colleague's.`,
  async run(args, { out, err }) {
    const [name, archive] = args.positionals;
    const store = await openPastCache(args);
    const run = findRun(store, args, name);
    const { divide } = await import("../../../engine/share/departure.ts");
    const { writeBundle } = await import("../../../engine/share/bundle.ts");
    const { findEntries } = await import("../../share/cache_actions.ts");
    const { findDepartureOf, heldLines, listDivision } = await import(
      "../../share/push_results.ts"
    );
    const { userModules } = await import("../../share/user_modules.ts");
    const targets = args.values("only");
    const entries = targets.length === 0 ? run.instances : findEntries(run, targets);
    const departure = await findDepartureOf(store, run, entries);
    const permits = permitsOf(args);
    const division = divide(departure, permits);
    if (args.has("dry-run")) {
      listDivision(division, departure, out);
      warnOfNamedPaths(run, err);
      return ExitCode.done;
    }
    const texts = userModules(run, departure.records.map(({ record }) => record));
    const lock = readTextIfPresent(lockPath(run.workflow));
    if (lock !== undefined) texts.set(basename(lockPath(run.workflow)), lock);
    const path = resolve(archive);
    const request = { run, division, permits, sources: await sourcesOf(run), texts };
    const { files, bytes } = await writeBundle(store, request, path);
    out.line(`wrote ${shortPath(path)} (${countText(files, "file")}, ${sizeText(bytes)})`);
    for (const line of heldLines(division)) out.line(line);
    warnOfNamedPaths(run, err);
    return ExitCode.done;
  },
} satisfies Command;

/** Instances that read the outside world. */
async function sourcesOf({ instances }: RunRecord): Promise<string[]> {
  const names: string[] = [];
  for (const { name, kind } of instances) if ((await loadKind(kind))?.source) names.push(name);
  return names;
}
