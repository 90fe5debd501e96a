/** The way back from a published file to the instance and the run that made it. */
import { exists } from "../../disk/read.ts";
import { type Origin, originsOf } from "../../engine/publish/origin.ts";
import {
  type InstanceEntry,
  listRuns,
  readRun,
  runPath,
  type RunRecord,
} from "../../engine/run/run_folder.ts";
import { digestOf } from "../../engine/store/digest.ts";
import { isStore, openStoreForReading, type Store } from "../../engine/store/store.ts";
import { dirname, resolve } from "../../workflow/paths.ts";
import { type Arguments, UsageError } from "../arguments.ts";
import { shortPath } from "../failure.ts";
import { cacheWords, commandLine } from "../hint.ts";
import { isCacheNamed, openPastCache } from "../open.ts";

/** A run, and the instance of it that has the published output; a report is of the run itself. */
interface Source {
  record: RunRecord;
  instance?: InstanceEntry;
}

/**
 * What is known of a published file or folder, a line each.
 *
 * @throws {UsageError} when nothing there was published from the cache
 */
export async function publishedFileLines(args: Arguments, text: string): Promise<string[]> {
  const path = resolve(text);
  const { store, words } = await cacheOf(args, path);
  const origins = await originsOf(store, path);
  if (origins.length === 0) {
    throw new UsageError(
      `no run in ${shortPath(store.root)} published ${shortPath(path)}`,
      "name the workflow FILE that did, or its cache by --cache DIR",
    );
  }
  return origins.flatMap((origin) => [...originLines(store, words, origin), ""]).slice(0, -1);
}

/** The cache that is named, else that of the folder that the path is in; with the words that name it. */
async function cacheOf(
  args: Arguments,
  path: string,
): Promise<{ store: Store; words: string[] }> {
  for (let folder = path; !isCacheNamed(args) && dirname(folder) !== folder;) {
    folder = dirname(folder);
    const root = `${folder}/.gyrus`;
    if (!isStore(root)) continue;
    const words = folder === Deno.cwd() ? [] : ["--cache", shortPath(root)];
    return { store: openStoreForReading(root, []), words };
  }
  const words = [...args.file === undefined ? [] : [args.file], ...cacheWords(args)];
  return { store: await openPastCache(args), words };
}

function originLines(
  store: Store,
  cache: readonly string[],
  { entry, isEdited, isLeft }: Origin,
): string[] {
  const place = shortPath(`${entry.project}/${entry.path}`);
  if (isLeft) return [`${place}: left there by an earlier output than ${entry.output}`];
  const sources = entry.output === "report"
    ? reportSources(store, entry.result?.artifact)
    : outputSources(store, entry);
  // Newest first: the one that computed it, else the oldest that is still there.
  const made = sources.find(({ instance }) => instance?.outcome !== "cached") ?? sources.at(-1);
  const lines = [
    `${place} = ${entry.output}`,
    `  workflow  ${shortPath(`${entry.project}/${entry.workflow}`)}`,
    ...isEdited ? ["  changed   since it was published"] : [],
  ];
  if (!made) return [...lines, "  run       its record is no longer in the cache"];
  const { record, instance } = made;
  if (instance) lines.push(`  instance  ${instance.name}, ${instance.kind}`);
  lines.push(`  run       ${record.id}, started ${record.started}`);
  const latest = sources[0].record.id;
  if (latest !== record.id) lines.push(`  also in   ${latest}, the last run that has it`);
  const words = [record.id, ...instance ? [instance.name] : [], ...cache];
  return [...lines, `  more      ${commandLine("show", ...words)}`];
}

/** Runs with the output that was published, newest first. */
function outputSources(store: Store, { output, result }: Origin["entry"]): Source[] {
  if (!result) return [];
  const [, step, name] = output.match(/^([^.]+)\.(.+?)(?:\[\d+\])?$/) ?? [];
  return pastRuns(store).flatMap((record) => {
    const instance = record.instances.find((entry) => {
      const ref = entry.step === step ? entry.outputs?.[name] : undefined;
      return ref && [ref, ...ref.items ?? []].some(({ digest }) => digest === result.artifact);
    });
    return instance ? [{ record, instance }] : [];
  });
}

/** The run whose own report has the published bytes. */
function reportSources(store: Store, digest: string | undefined): Source[] {
  return pastRuns(store).filter(({ id }) => {
    const bytes = store.files.readSync(`${runPath(store, id)}/report.html`);
    return bytes !== undefined && digestOf(bytes) === digest;
  }).map((record) => ({ record }));
}

function pastRuns(store: Store): RunRecord[] {
  return listRuns(store).map((id) => readRun(store, id)).filter((record) => record !== undefined);
}

/** Whether an argument names a file or a folder rather than a run. */
export function isPublishedPath(text: string): boolean {
  return text !== "latest" && exists(resolve(text));
}
