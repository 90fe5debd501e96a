/** The differences between two runs. */
import type { Json } from "../workflow/step.ts";
import { sameJson } from "./store/canonical.ts";
import { type InstanceEntry, readEvents, type RunRecord } from "./run/run_folder.ts";
import type { Store } from "./store/store.ts";

export interface Change {
  name: string;
  old?: Json;
  new?: Json;
}

export interface InstanceDiff {
  instance: string;
  /** How it ended, and the version and code of its step. */
  execution: readonly Change[];
  params: readonly Change[];
  /** Ports with other content, or bound to other producers. */
  inputs: readonly string[];
  outputs: readonly Change[];
  /** Last value of each. */
  metrics: readonly Change[];
}

export interface RunDiff {
  /** `[params]` of the workflow. */
  params: readonly Change[];
  /** Instances in one run only. */
  added: readonly string[];
  removed: readonly string[];
  /** Instances in both, where anything differs. */
  instances: readonly InstanceDiff[];
  device?: Change;
}

export function diffRuns(store: Store, old: RunRecord, now: RunRecord): RunDiff {
  const before = new Map(old.instances.map((entry) => [entry.name, entry]));
  const after = new Map(now.instances.map((entry) => [entry.name, entry]));
  const oldMetrics = lastMetrics(store, old.id);
  const newMetrics = lastMetrics(store, now.id);
  const instances: InstanceDiff[] = [];
  for (const [name, entry] of after) {
    const earlier = before.get(name);
    if (!earlier) continue;
    const diff: InstanceDiff = {
      instance: name,
      execution: compareExecutions(store, earlier, entry),
      params: compareFields(earlier.params, entry.params),
      inputs: compareInputs(earlier, before, entry, after),
      outputs: compareOutputs(earlier, entry),
      metrics: compareMetrics(oldMetrics.get(name), newMetrics.get(name)),
    };
    const { execution, params, inputs, outputs, metrics } = diff;
    const changes = [execution, params, inputs, outputs, metrics];
    if (changes.some(({ length }) => length > 0)) instances.push(diff);
  }
  return {
    params: compareFields(old.workflow.params, now.workflow.params),
    added: [...after.keys()].filter((name) => !before.has(name)),
    removed: [...before.keys()].filter((name) => !after.has(name)),
    instances,
    ...(!sameJson(old.device, now.device) && {
      device: { name: "device", old: old.device, new: now.device },
    }),
  };
}

function compareFields(
  old: Readonly<Record<string, Json>>,
  now: Readonly<Record<string, Json>>,
): Change[] {
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].sort()
    .filter((name) => !sameJson(old[name], now[name]))
    .map((name) => ({ name, old: old[name], new: now[name] }));
}

/** How two instances ended, and what their steps were made of. */
function compareExecutions(store: Store, earlier: InstanceEntry, entry: InstanceEntry): Change[] {
  const changes = compareFields(endOf(earlier), endOf(entry));
  const [old, now] = [earlier, entry].map(({ key }) => key && store.record(key)?.parts.code);
  // A failed instance has no record, but the reason for its execution.
  const isOther = old !== undefined && now !== undefined
    ? old !== now
    : entry.reasons.some(({ cause }) => cause === "code");
  return isOther ? [...changes, { name: "code", old, new: now }] : changes;
}

/** Whether it was executed or cached is no difference. */
function endOf({ outcome, version }: InstanceEntry): Record<string, Json> {
  return { outcome: outcome === "cached" ? "done" : outcome, version };
}

/** Empty where one of both has none, as after a failure. */
function compareOutputs(earlier: InstanceEntry, entry: InstanceEntry): Change[] {
  if (!earlier.outputs || !entry.outputs) return [];
  return compareFields(outputDigestsOf(earlier), outputDigestsOf(entry));
}

function outputDigestsOf(entry: InstanceEntry): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(entry.outputs ?? {}).map(([name, output]) => [name, output.digest]),
  );
}

/** A cached instance reports no metrics; that counts as no change. */
function compareMetrics(
  old: Readonly<Record<string, number>> | undefined,
  now: Readonly<Record<string, number>> | undefined,
): Change[] {
  return old && now ? compareFields(old, now) : [];
}

function compareInputs(
  earlier: InstanceEntry,
  before: ReadonlyMap<string, InstanceEntry>,
  entry: InstanceEntry,
  after: ReadonlyMap<string, InstanceEntry>,
): string[] {
  const ports = new Set([...Object.keys(earlier.inputs), ...Object.keys(entry.inputs)]);
  return [...ports].sort().filter((port) => {
    if (!sameJson(bindingsOf(earlier, port), bindingsOf(entry, port))) return true;
    const old = boundDigestsOf(earlier, port, before);
    const now = boundDigestsOf(entry, port, after);
    // What has not been made, as after a failure, is no difference.
    return old.some((digest, i) => digest && now[i] && digest !== now[i]);
  });
}

function bindingsOf(entry: InstanceEntry, port: string): Json {
  return (entry.inputs[port] ?? null) as unknown as Json;
}

function boundDigestsOf(
  entry: InstanceEntry,
  port: string,
  entries: ReadonlyMap<string, InstanceEntry>,
): (string | undefined)[] {
  return [entry.inputs[port] ?? []].flat().map(({ instance, output, index }) => {
    const ref = entries.get(instance)?.outputs?.[output];
    return index === undefined ? ref?.digest : ref?.items?.[index]?.digest;
  });
}

/** Last metrics that each instance reported in a run. */
export function lastMetrics(
  store: Store,
  run: string,
): Map<string, Readonly<Record<string, number>>> {
  const metrics = new Map<string, Readonly<Record<string, number>>>();
  for (const event of readEvents(store, run)) {
    if (event.type !== "instance-progress" || !event.metrics) continue;
    metrics.set(event.instance, { ...metrics.get(event.instance), ...event.metrics });
  }
  return metrics;
}
