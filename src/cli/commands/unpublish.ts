import { Ledger } from "../../engine/publish/ledger.ts";
import type { LedgerEntry } from "../../engine/publish/ledger_entry.ts";
import { basename, dirname, resolve } from "../../workflow/paths.ts";
import { type Arguments, UsageError } from "../arguments.ts";
import type { Command } from "../command.ts";
import { ExitCode, shortPath } from "../failure.ts";
import { CACHE_OPTION, cacheFolders, openExisting } from "../open.ts";
import { countText } from "../quantity.ts";

export default {
  arguments: [
    {
      name: "WORKFLOW",
      help: "Workflow file, which may be gone; default: all of the current folder",
      optional: true,
    },
    {
      name: "PATH",
      help: "A path of [publish], or a folder above some; default: all",
      optional: true,
      many: true,
    },
  ],
  options: {
    cache: CACHE_OPTION,
    "dry-run": { help: "List what would be removed, and remove nothing" },
  },
  details:
    `Removes the files that runs of WORKFLOW have published and that are as they were written.
Edited files, files of others and results in the cache remain: the next run publishes again.`,
  async run(args, { out }) {
    const { workflow, paths } = namedBy(args);
    const folder = workflow === undefined ? Deno.cwd() : dirname(workflow);
    const folders = cacheFolders(args, { folder });
    const store = openExisting(folders, "write", "name the cache by --cache DIR");
    const ledger = new Ledger(store, folder);
    const dryRun = args.has("dry-run");
    using _lock = dryRun ? undefined : await ledger.lock();
    const entries = chooseEntries(ledger, workflow && basename(workflow), paths);
    const { unpublish } = await import("../../engine/publish/unpublish.ts");
    const { removed, kept } = await unpublish(store, ledger, entries, dryRun);
    for (const file of kept) out.line(`kept ${shortPath(`${folder}/${file}`)}: it was edited`);
    if (dryRun) { for (const file of removed) out.line(shortPath(`${folder}/${file}`)); }
    const count = countText(removed.length, "file");
    out.line(dryRun ? `${count} would be removed` : `${count} removed, ${kept.length} kept`);
    return ExitCode.done;
  },
} satisfies Command;

/** Absolute paths; a first argument that is no workflow file is a published path. */
function namedBy({ positionals }: Arguments): { workflow?: string; paths: string[] } {
  const [first, ...rest] = positionals.map((path) => resolve(path));
  if (first === undefined) return { paths: [] };
  return first.endsWith(".toml") ? { workflow: first, paths: rest } : { paths: [first, ...rest] };
}

/** @throws {UsageError} when nothing was published, or nothing to a path */
function chooseEntries(
  ledger: Ledger,
  workflow: string | undefined,
  paths: readonly string[],
): LedgerEntry[] {
  const all = ledger.entries().filter((entry) =>
    workflow === undefined || entry.workflow === workflow
  );
  const isAt = ({ path }: LedgerEntry, place: string) =>
    `${ledger.folder}/${path}/`.startsWith(`${place}/`);
  const strange = paths.find((place) => !all.some((entry) => isAt(entry, place)));
  if (strange !== undefined || all.length === 0) {
    const what = strange === undefined ? "nothing" : `${shortPath(strange)}: nothing`;
    const known = all.map(({ path }) => shortPath(`${ledger.folder}/${path}`));
    throw new UsageError(
      `${what} was published${workflow === undefined ? "" : ` by ${workflow}`}`,
      known.length > 0 ? `published: ${known.join(", ")}` : "name the cache by --cache DIR",
    );
  }
  return all.filter((entry) => paths.length === 0 || paths.some((place) => isAt(entry, place)));
}
