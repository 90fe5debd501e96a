/** What a collection must keep, and runs that it need not. */
import type { Digest } from "../../workflow/step.ts";
import { isAlive, listRuns, readRun, type RunRecord } from "../run/run_folder.ts";
import { digestOf } from "../store/digest.ts";
import type { Listing } from "../store/listing.ts";
import { readPins } from "../store/pins.ts";
import type { ManifestRef } from "../store/record.ts";
import type { Store } from "../store/store.ts";
import type { Catalog } from "./catalog.ts";
import type { CatalogMemory, RunFacts } from "./catalog_memory.ts";

/** Why results stay. */
export type KeepReason = "recent runs" | "pins" | "published files" | "younger than an hour";

export interface Roots {
  /** By key of a record. */
  keys: ReadonlyMap<Digest, KeepReason>;
  /** Outputs that have no record, or another than the run had. */
  outputs: readonly ManifestRef[];
  oldRuns: readonly OldRun[];
}

/** A run that is no root. */
export interface OldRun {
  id: string;
  /** Milliseconds since 1970. */
  changed: number;
  reason: string;
}

type RunFate = "keep" | "keep-steps" | "drop-repeat" | "drop-old";

const DROP_REASONS: Partial<Record<RunFate, string>> = {
  "drop-repeat": "nothing ran, and a later run has the same results",
  "drop-old": "later runs are kept",
};

/** @param keepRuns last runs of each workflow that are roots */
export function findRoots(
  store: Store,
  { records, published }: Catalog,
  listing: Listing,
  memory: CatalogMemory,
  keepRuns: number,
): Roots {
  const keys = new Map<Digest, KeepReason>();
  const outputs: ManifestRef[] = [];
  const oldRuns: OldRun[] = [];
  const contentsOf = new Map<string, Set<Digest>>();
  const folders = new Set(listing.foldersIn(`${store.root}/runs`).map(({ name }) => name));
  for (const id of listRuns(store)) {
    if (!folders.has(id)) continue;
    let run: RunRecord | undefined;
    const facts = memory.run(id, () => (run = readRun(store, id)) && factsOf(run));
    if (!facts) continue;
    const contents = contentsOf.get(facts.workflow) ?? new Set<Digest>();
    contentsOf.set(facts.workflow, contents);
    const fate = fateOf(facts, facts.isRunning && isAlive(store, id), contents, keepRuns);
    const reason = DROP_REASONS[fate];
    if (reason) oldRuns.push({ id, changed: Date.parse(facts.started), reason });
    if (fate === "drop-old") continue;
    for (const entry of (run ?? readRun(store, id))?.instances ?? []) {
      if (fate === "keep-steps" && !entry.keep) continue;
      if (entry.key !== undefined) keys.set(entry.key, "recent runs");
      outputs.push(...Object.values(entry.outputs ?? {}));
    }
  }
  const pins = new Set(Object.keys(readPins(store)));
  for (const { facts: { type, key, manifests, elements } } of records) {
    if (type !== "instance" || keys.has(key)) continue;
    if (pins.has(key)) keys.set(key, "pins");
    else if (
      manifests.some(({ digest }) => published.has(digest)) ||
      elements.some((digest) => published.has(digest))
    ) keys.set(key, "published files");
  }
  return { keys, outputs, oldRuns };
}

function factsOf({ workflow, started, status, instances }: RunRecord): RunFacts {
  return {
    workflow: workflow.name,
    started,
    isRunning: status === "running",
    content: digestOf(instances.map(({ key }) => key).sort().join()),
    isIdle: instances.every(({ outcome }) => outcome === "cached"),
    hasKept: instances.some(({ keep }) => keep),
  };
}

/**
 * Decides on a run; later runs come first.
 *
 * | the run | fate | results that stay |
 * |---|---|---|
 * | is still running | keep | all |
 * | has the results of a later run that stays, and executed nothing | drop-repeat | all |
 * | has the results of a later run that stays | keep | all |
 * | is among the last `keepRuns` of its workflow, those with equal results counted once | keep | all |
 * | is older, and has steps with `keep` | keep-steps | those of such steps |
 * | is older | drop-old | none |
 *
 * @param contents what the later runs of its workflow that stay have as results; this run's is added
 */
function fateOf(
  { content, isIdle, hasKept }: RunFacts,
  alive: boolean,
  contents: Set<Digest>,
  keepRuns: number,
): RunFate {
  const repeated = contents.has(content);
  if (alive || repeated || contents.size < keepRuns) {
    contents.add(content);
    return !alive && repeated && isIdle ? "drop-repeat" : "keep";
  }
  return hasKept ? "keep-steps" : "drop-old";
}
