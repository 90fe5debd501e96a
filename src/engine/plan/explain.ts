/** Why an instance is cached, will run or may run, in full. */
import { DataError } from "../../errors.ts";
import type { Workflow } from "../../workflow/graph.ts";
import type { Digest } from "../../workflow/step.ts";
import { findTarget } from "../../workflow/targets.ts";
import { openArtifact } from "../store/artifact.ts";
import type { KeyParts } from "../store/key.ts";
import { NearestRecords } from "./nearest.ts";
import { plan, type PlanOptions, producersByPort } from "./plan.ts";
import type { PlannedInstance } from "./planned_instance.ts";
import { compareParts, type Reason } from "./reason.ts";
import type { InstanceRecord, ManifestRef } from "../store/record.ts";
import type { Store } from "../store/store.ts";

/** How the files of an input differ from those that the nearest record read. */
export interface InputChange {
  port: string;
  added: readonly string[];
  removed: readonly string[];
  changed: readonly string[];
  /** Fields of meta that differ. */
  meta: readonly string[];
}

export interface Explanation {
  planned: PlannedInstance;
  /** What it was compared with; the record itself when cached. */
  record?: InstanceRecord;
  /** All differences from that record, whatever the plan's own reason is. */
  differences: readonly Reason[];
  inputs: readonly InputChange[];
}

/**
 * One explanation for each instance of a target.
 *
 * @throws {WorkflowError} when there is no such target
 */
export async function why(
  store: Store,
  workflow: Workflow,
  target: string,
  options: PlanOptions = {},
): Promise<Explanation[]> {
  const instances = findTarget(workflow, target);
  const { byName } = await plan(store, workflow, options);
  const nearest = new NearestRecords(store, workflow.name);
  return instances.map(({ name }) => explain(store, nearest, byName.get(name)!));
}

function explain(store: Store, nearest: NearestRecords, planned: PlannedInstance): Explanation {
  const { instance, parts, key } = planned;
  const record = (key === undefined ? undefined : store.record(key)) ??
    nearest.find(instance, parts);
  if (!record || !parts) return { planned, ...(record && { record }), differences: [], inputs: [] };
  return {
    planned,
    record,
    differences: compareParts(record.parts, parts, instance.origins, producersByPort(instance)),
    inputs: compareInputs(store, record.parts, parts),
  };
}

function compareInputs(store: Store, old: KeyParts, now: KeyParts): InputChange[] {
  const changes: InputChange[] = [];
  for (const [port, after] of Object.entries(now.inputs)) {
    const before = old.inputs[port];
    if (typeof before !== "string" || typeof after !== "string" || before === after) continue;
    const change = compareManifests(store, before, after);
    if (change) changes.push({ port, ...change });
  }
  return changes;
}

function compareManifests(
  store: Store,
  before: Digest,
  after: Digest,
): Omit<InputChange, "port"> | undefined {
  const old = tryOpen(store, before);
  const now = tryOpen(store, after);
  if (!old || !now) return undefined;
  const was = new Map(old.files.map((file) => [file.path, file.digest]));
  const is = new Map(now.files.map((file) => [file.path, file.digest]));
  const meta = new Set([...Object.keys(old.meta), ...Object.keys(now.meta)]);
  return {
    added: [...is.keys()].filter((path) => !was.has(path)),
    removed: [...was.keys()].filter((path) => !is.has(path)),
    changed: [...is].filter(([path, digest]) => was.has(path) && was.get(path) !== digest)
      .map(([path]) => path),
    meta: [...meta].filter((field) =>
      JSON.stringify(old.meta[field]) !== JSON.stringify(now.meta[field])
    ),
  };
}

/** Opens an artifact by its digest; undefined when its bytes are gone. */
function tryOpen(store: Store, digest: Digest) {
  const size = [store.root, ...store.lower]
    .map((root) => store.files.size(store.objectPath(digest, root)))
    .find((found) => found !== undefined);
  if (size === undefined) return undefined;
  const ref: ManifestRef = { digest, size };
  try {
    return openArtifact(store, ref);
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}
