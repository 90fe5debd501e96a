/**
 * Makes plans quick, and reruns that have nothing to run: a plan, and a run that is done, write a snapshot
 * of the workflow, and the next one plans the snapshot, if every text, the options and the program are
 * still the same. If then a run finds anything to do, it reads the workflow as usual.
 */
import { DataError } from "../errors.ts";
import { isJsonObject, OWN_LIMITS, parseJson } from "../json.ts";
import type { EventBody } from "../engine/plan/events.ts";
import { digestOf, hexOf } from "../engine/store/digest.ts";
import { type Plan, plan, type PlanOptions } from "../engine/plan/plan.ts";
import type { Store } from "../engine/store/store.ts";
import { planning } from "../steps/engine_options.ts";
import { loadKind } from "../steps/mod.ts";
import type { Workflow } from "../workflow/graph.ts";
import { readSnapshot, writeSnapshot } from "../workflow/snapshot.ts";
import { dirname, resolve } from "../workflow/paths.ts";
import type { Arguments } from "./arguments.ts";
import { cacheFolders, openCache, openWorkflow, selectionOf } from "./open.ts";
import { ProgramMemory } from "./program_memory.ts";
import { programStamp, READER_SOURCES } from "./program_stamp.ts";
import type { Output, Terminal } from "./terminal.ts";

/** What a snapshot depends on: the first line of its file; the workflow is the second. */
interface SnapshotKey {
  program: string;
  options: readonly (readonly string[])[];
  /** Every text that the reader read, by absolute path. */
  texts: readonly (readonly [string, string])[];
  /** Digest of the second line. */
  workflow: string;
  /** Digest of the third line, the program's answers to plans. */
  memory: string;
}

/** A workflow, read or from its snapshot, and what its plans have asked of the program before. */
export interface RecalledWorkflow {
  workflow: Workflow;
  /** Every text that was read, by absolute path. */
  texts: ReadonlyMap<string, string>;
  memory: ProgramMemory;
  fromSnapshot: boolean;
}

/**
 * The workflow's snapshot, or the workflow as it is read now.
 *
 * @throws {WorkflowError} with everything that is wrong with the file and the options
 */
export async function recallWorkflow(args: Arguments): Promise<RecalledWorkflow> {
  const { memory, found } = await findSnapshot(args);
  if (found) return { ...found, memory, fromSnapshot: true };
  const texts = new Map<string, string>();
  return { workflow: await openWorkflow(args, texts), texts, memory, fromSnapshot: false };
}

/** What the snapshot of a workflow saves a run. */
export interface SnapshotPlan {
  memory: ProgramMemory;
  /** Absent where there is no valid snapshot. */
  store?: Store;
  /** Absent when something is to run. */
  planned?: { plan: Plan; texts: ReadonlyMap<string, string> };
  /** What happened while planning. */
  events: readonly EventBody[];
}

/** Plans the workflow's snapshot, if there is a valid one. */
export async function planSnapshot(args: Arguments, err: Output): Promise<SnapshotPlan> {
  const { memory, found } = await findSnapshot(args);
  if (found === undefined || args.has("force")) return { memory, events: [] };
  const { workflow, texts } = found;
  const store = await openCache(args, workflow, err);
  const events: EventBody[] = [];
  store.onCorruption = (corruption) => events.push({ type: "corruption", ...corruption });
  if (store.shared) {
    const { address } = store.shared;
    store.shared.onLost = (message) => events.push({ type: "shared-cache-lost", address, message });
  }
  const planned = await plan(store, workflow, {
    ...planningWith(memory),
    ...selectionOf(args),
    onEvent: (event) => events.push(event),
  });
  if (planned.counts["will-run"] + planned.counts["may-run"] === 0) {
    return { memory, store, planned: { plan: planned, texts }, events };
  }
  const stays = ["corruption", "shared-cache-lost"];
  return { memory, store, events: events.filter(({ type }) => stays.includes(type)) };
}

/** Options of a plan that may take what earlier ones have asked of the program. */
export function planningWith(memory: ProgramMemory): PlanOptions {
  return {
    ...planning,
    deviceCode: (kind) => memory.ask(["code", kind], () => planning.deviceCode!(kind)),
    planMemory: memory,
  };
}

async function findSnapshot(args: Arguments): Promise<{
  memory: ProgramMemory;
  found?: Pick<RecalledWorkflow, "workflow" | "texts">;
}> {
  const file = resolve(args.positionals[0]);
  // Only the workflow knows the cache of a profile.
  if (args.has("profile")) return { memory: new ProgramMemory() };
  const [root] = cacheFolders(args, { folder: dirname(file) });
  const [first, second, third = ""] = readText(snapshotPath(root, file))?.split("\n") ?? [];
  const key = second ? parseKey(first) : undefined;
  if (key === undefined) return { memory: new ProgramMemory() };
  const memory = new ProgramMemory(key.memory === digestOf(third) ? third : "");
  const isValid = key.workflow === digestOf(second) &&
    JSON.stringify(key.options) === JSON.stringify(optionsOf(args)) &&
    key.texts.every(([path, text]) => readText(path) === text) &&
    key.program === programStamp(READER_SOURCES);
  if (!isValid) return { memory };
  const workflow = await readSnapshot(second, async (name) => (await loadKind(name))!);
  return { memory, found: { workflow, texts: new Map(key.texts) } };
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
    typeof value.workflow === "string" && typeof value.memory === "string" &&
    Array.isArray(value.options) &&
    Array.isArray(value.texts) && value.texts.every(isPair);
}

/** Writes the snapshot of a workflow, where it can have one. */
export async function saveSnapshot(
  store: Store,
  args: Arguments,
  { workflow, texts, memory }: Omit<RecalledWorkflow, "fromSnapshot">,
): Promise<void> {
  const alwaysRuns = workflow.instances.some(({ execution }) => !execution.cache);
  if (args.has("profile") || alwaysRuns || !store.writable) return;
  const program = programStamp(READER_SOURCES);
  if (program === undefined) return;
  const snapshot = writeSnapshot(workflow);
  if (snapshot === undefined) return;
  const answers = memory.toText();
  const key: SnapshotKey = {
    program,
    options: optionsOf(args),
    texts: [...texts],
    workflow: digestOf(snapshot),
    memory: digestOf(answers),
  };
  const path = snapshotPath(store.root, workflow.file);
  store.files.makeFolder(path.slice(0, path.lastIndexOf("/")));
  // Synced, so that a power failure leaves no torn file.
  await store.replaceFile(path, [JSON.stringify(key), snapshot, answers, ""].join("\n"), true);
}

/** Writes what later calls can do without: a disk that refuses it fails no run that is done. */
export async function writeOptional({ err }: Terminal, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    err.line(`${err.paint("warning", "yellow")}: ${error.message}`);
  }
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
