/**
 * What makes a rerun with nothing to do quick: a run that is done keeps its workflow as it was read,
 * and the next one plans that, if every text, the options and the program are still the same. If then
 * anything is to run, the workflow is read as usual.
 */
import type { EventBody } from "../engine/plan/events.ts";
import { digestOf, hexOf } from "../engine/store/digest.ts";
import { type Plan, plan } from "../engine/plan/plan.ts";
import type { Store } from "../engine/store/store.ts";
import { planning } from "../steps/engine_options.ts";
import { loadKind } from "../steps/mod.ts";
import type { Workflow } from "../workflow/graph.ts";
import { keepWorkflow, recallWorkflow } from "../workflow/snapshot.ts";
import { dirname, resolve } from "../workflow/paths.ts";
import type { Given } from "./arguments.ts";
import { cacheFolders, openCache, selectionOf } from "./open.ts";

/** The first line of what is kept; the workflow is the second. */
interface Condition {
  program: string;
  options: readonly (readonly string[])[];
  /** Every text that the reader was given, by absolute path. */
  texts: readonly (readonly [string, string])[];
  /** Digest of the second line. */
  kept: string;
}

export interface Recalled {
  store: Store;
  /** Absent when something is to run. */
  plan?: Plan;
  /** What happened while planning. */
  events: readonly EventBody[];
}

/** Undefined when nothing was kept that still holds. */
export async function recallPlan(given: Given): Promise<Recalled | undefined> {
  if (given.has("profile") || given.has("force")) return undefined;
  const workflow = await recall(given);
  if (workflow === undefined) return undefined;
  const store = openCache(given, workflow);
  const events: EventBody[] = [];
  store.onCorruption = (corruption) => events.push({ type: "corruption", ...corruption });
  const planned = await plan(store, workflow, {
    ...planning,
    ...selectionOf(given),
    onEvent: (event) => events.push(event),
  });
  if (planned.counts["will-run"] + planned.counts["may-run"] === 0) {
    return { store, plan: planned, events };
  }
  return { store, events: events.filter(({ type }) => type === "corruption") };
}

async function recall(given: Given): Promise<Workflow | undefined> {
  const file = resolve(given.positionals[0]);
  const [root] = cacheFolders(given, { folder: dirname(file) });
  const [first, second] = readText(keptPath(root, file))?.split("\n") ?? [];
  if (!second) return undefined;
  const condition = parseCondition(first);
  if (condition === undefined) return undefined;
  const { program, options, texts, kept } = condition;
  const holds = kept === digestOf(second) && program === programStamp() &&
    JSON.stringify(options) === JSON.stringify(optionsOf(given)) &&
    texts.every(([path, text]) => readText(path) === text);
  return holds ? await recallWorkflow(second, async (name) => (await loadKind(name))!) : undefined;
}

/** Undefined for a damaged line: what was kept is a cache, and damage a miss. */
function parseCondition(line: string): Condition | undefined {
  try {
    return JSON.parse(line) ?? undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * Keeps a workflow that has just been run to its end.
 *
 * @param texts what the reader read, by path
 */
export async function keepForRerun(
  store: Store,
  given: Given,
  workflow: Workflow,
  texts: ReadonlyMap<string, string>,
): Promise<void> {
  const alwaysRuns = workflow.instances.some(({ execution }) => !execution.cache);
  if (given.has("profile") || alwaysRuns || !store.writable) return;
  const kept = keepWorkflow(workflow);
  if (kept === undefined) return;
  const condition: Condition = {
    program: programStamp(),
    options: optionsOf(given),
    texts: [...texts],
    kept: digestOf(kept),
  };
  const path = keptPath(store.root, workflow.file);
  store.files.makeFolder(path.slice(0, path.lastIndexOf("/")));
  // Synced, since a torn one would not be noticed.
  await store.replaceFile(path, `${JSON.stringify(condition)}\n${kept}\n`, true);
}

function keptPath(root: string, file: string): string {
  return `${root}/readings/${hexOf(digestOf(file)).slice(0, 16)}`;
}

function optionsOf(given: Given): string[][] {
  return [[...given.values("set")], [...given.values("sweep")]];
}

function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

/** Where everything stands that decides how a workflow is read. */
export const READING_SOURCES = [
  "../disk.ts",
  "../errors.ts",
  "../evaluation/classification_metrics.ts",
  "../nn/names.ts",
  "../std/",
  "../steps/",
  "../workflow/",
  "../../deno.json",
  "../../deno.lock",
].map((place) => new URL(place, import.meta.url));

/** Changes with any of these files. */
function programStamp(): string {
  const lines: string[] = [];
  const note = (url: URL) => {
    if (!url.pathname.endsWith("/")) {
      const { size, mtime, ino } = Deno.statSync(url);
      lines.push(`${url.pathname} ${size} ${mtime?.getTime()} ${ino}`);
      return;
    }
    for (const { name, isDirectory } of Deno.readDirSync(url)) {
      note(new URL(isDirectory ? `${name}/` : name, url));
    }
  };
  READING_SOURCES.forEach(note);
  return digestOf(lines.sort().join("\n"));
}
