/**
 * Makes a rerun that has nothing to run quick: a run that is done writes a snapshot of its workflow,
 * and the next one plans the snapshot, if every text, the options and the program are still the same.
 * If then anything is to run, the workflow is read as usual.
 */
import { DataError } from "../errors.ts";
import { isJsonObject, OWN_LIMITS, parseJson } from "../json.ts";
import type { EventBody } from "../engine/plan/events.ts";
import { digestOf, hexOf } from "../engine/store/digest.ts";
import { type Plan, plan } from "../engine/plan/plan.ts";
import type { Store } from "../engine/store/store.ts";
import { planning } from "../steps/engine_options.ts";
import { loadKind } from "../steps/mod.ts";
import type { Workflow } from "../workflow/graph.ts";
import { readSnapshot, writeSnapshot } from "../workflow/snapshot.ts";
import { dirname, resolve } from "../workflow/paths.ts";
import type { Arguments } from "./arguments.ts";
import { cacheFolders, openCache, selectionOf } from "./open.ts";

/** What a snapshot depends on: the first line of its file; the workflow is the second. */
interface SnapshotKey {
  program: string;
  options: readonly (readonly string[])[];
  /** Every text that the reader read, by absolute path. */
  texts: readonly (readonly [string, string])[];
  /** Digest of the second line. */
  workflow: string;
}

export interface SnapshotPlan {
  store: Store;
  /** Absent when something is to run. */
  plan?: Plan;
  /** What happened while planning. */
  events: readonly EventBody[];
}

/** Plans the workflow's snapshot; undefined when there is no valid one. */
export async function planSnapshot(args: Arguments): Promise<SnapshotPlan | undefined> {
  if (args.has("profile") || args.has("force")) return undefined;
  const workflow = await findSnapshot(args);
  if (workflow === undefined) return undefined;
  const store = openCache(args, workflow);
  const events: EventBody[] = [];
  store.onCorruption = (corruption) => events.push({ type: "corruption", ...corruption });
  const planned = await plan(store, workflow, {
    ...planning,
    ...selectionOf(args),
    onEvent: (event) => events.push(event),
  });
  if (planned.counts["will-run"] + planned.counts["may-run"] === 0) {
    return { store, plan: planned, events };
  }
  return { store, events: events.filter(({ type }) => type === "corruption") };
}

async function findSnapshot(args: Arguments): Promise<Workflow | undefined> {
  const file = resolve(args.positionals[0]);
  const [root] = cacheFolders(args, { folder: dirname(file) });
  const [first, second] = readText(snapshotPath(root, file))?.split("\n") ?? [];
  if (!second) return undefined;
  const key = parseKey(first);
  if (key === undefined) return undefined;
  const program = programStamp();
  const isValid = program !== undefined && key.program === program &&
    key.workflow === digestOf(second) &&
    JSON.stringify(key.options) === JSON.stringify(optionsOf(args)) &&
    key.texts.every(([path, text]) => readText(path) === text);
  return isValid ? await readSnapshot(second, async (name) => (await loadKind(name))!) : undefined;
}

/** Undefined for a corrupt line: a snapshot is a cache, so a corrupt one counts as absent. */
function parseKey(line: string): SnapshotKey | undefined {
  try {
    const key = parseJson(line, "the snapshot", OWN_LIMITS);
    return isSnapshotKey(key) ? key : undefined;
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}

function isSnapshotKey(value: unknown): value is SnapshotKey {
  const isPair = (pair: unknown) =>
    Array.isArray(pair) && pair.length === 2 && pair.every((text) => typeof text === "string");
  return isJsonObject(value) && typeof value.program === "string" &&
    Array.isArray(value.options) && typeof value.workflow === "string" &&
    Array.isArray(value.texts) && value.texts.every(isPair);
}

/**
 * Writes the snapshot of a workflow whose run is done, where it can have one.
 *
 * @param texts what the reader read, by path
 */
export async function saveSnapshot(
  store: Store,
  args: Arguments,
  workflow: Workflow,
  texts: ReadonlyMap<string, string>,
): Promise<void> {
  const alwaysRuns = workflow.instances.some(({ execution }) => !execution.cache);
  const program = programStamp();
  if (program === undefined) return;
  if (args.has("profile") || alwaysRuns || !store.writable) return;
  const snapshot = writeSnapshot(workflow);
  if (snapshot === undefined) return;
  const key: SnapshotKey = {
    program,
    options: optionsOf(args),
    texts: [...texts],
    workflow: digestOf(snapshot),
  };
  const path = snapshotPath(store.root, workflow.file);
  store.files.makeFolder(path.slice(0, path.lastIndexOf("/")));
  // Synced, so that a power failure leaves no torn file.
  await store.replaceFile(path, `${JSON.stringify(key)}\n${snapshot}\n`, true);
}

function snapshotPath(root: string, file: string): string {
  return `${root}/snapshots/${hexOf(digestOf(file)).slice(0, 16)}`;
}

function optionsOf(args: Arguments): string[][] {
  return ["set", "sweep", "include-from"].map((option) => [...args.values(option)]);
}

function readText(path: string): string | undefined {
  try {
    return Deno.statSync(path).isFile ? Deno.readTextFileSync(path) : undefined;
  } catch {
    return undefined;
  }
}

/** Files and folders that decide how a workflow is read. */
export const READER_SOURCES = [
  "../artifacts/file_types.ts",
  "../disk/",
  "../errors.ts",
  "../json.ts",
  "../evaluation/classification_metrics.ts",
  "../nn/names.ts",
  "../std/",
  "../steps/",
  "../workflow/",
  "../../deno.json",
  "../../deno.lock",
  "../../program.lock",
].map((place) => new URL(place, import.meta.url));

/**
 * Changes with any of these files, with the compiled program or with the version of the package;
 * undefined where the program comes from an address whose content can change.
 */
function programStamp(): string | undefined {
  if (Deno.build.standalone) return digestOf(fileStamp(Deno.execPath()));
  const root = new URL("../../", import.meta.url);
  if (root.protocol === "file:") {
    return digestOf(READER_SOURCES.flatMap(fileStamps).sort().join("\n"));
  }
  const isVersioned = /\/@[^/]+\/[^/]+\/\d[^/]*\/$/.test(root.pathname);
  return isVersioned ? digestOf(root.href) : undefined;
}

/** Of the file, or of every file of the folder. */
function fileStamps(url: URL): string[] {
  if (!url.pathname.endsWith("/")) return [fileStamp(url)];
  return [...Deno.readDirSync(url)].flatMap(({ name, isDirectory }) =>
    fileStamps(new URL(isDirectory ? `${name}/` : name, url))
  );
}

/** Changes when the file is replaced or edited. */
function fileStamp(path: string | URL): string {
  const { size, mtime, ino } = Deno.statSync(path);
  return `${path} ${size} ${mtime?.getTime()} ${ino}`;
}
