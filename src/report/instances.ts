/** Every instance with its parameters, inputs, outputs, log, and why it ran. */
import { reasonText } from "../engine/plan/reason.ts";
import type { InstanceRecord } from "../engine/store/record.ts";
import { logPath } from "../engine/run/run_folder.ts";
import type { Store } from "../engine/store/store.ts";
import type { Json } from "../workflow/step.ts";
import type { CurrentInstance, CurrentRun } from "./current_run.ts";
import type { InstanceData } from "./data.ts";

/** Lines of a log that are shown, its last ones. */
const LOG_LINES = 200;

export function describeInstances(store: Store, run: CurrentRun): InstanceData[] {
  const entries = new Map(run.instances.map((entry) => [entry.name, entry]));
  return run.instances.map((entry) => describe(store, run, entry, entries));
}

function describe(
  store: Store,
  run: CurrentRun,
  entry: CurrentInstance,
  entries: ReadonlyMap<string, CurrentInstance>,
): InstanceData {
  const { name, step, kind, version, axes, outcome } = entry;
  const record = entry.key === undefined ? undefined : store.record(entry.key);
  const cached = outcome === "cached";
  return {
    name,
    step,
    kind,
    version,
    axes,
    outcome,
    seconds: entry.seconds ?? (cached ? record?.seconds ?? null : null),
    started: entry.started ?? null,
    made: cached ? record?.created ?? null : null,
    resumedFrom: record?.resumedFrom ?? null,
    fraction: entry.fraction ?? null,
    message: entry.message ?? null,
    key: entry.key ?? null,
    reasons: outcome === "cached" || outcome === "unwanted" ? [] : entry.reasons.map(reasonText),
    params: paramsOf(entry),
    inputs: inputsOf(entry, entries),
    outputs: Object.entries(entry.outputs ?? {}).map(([output, { type, digest, bytes }]) => ({
      name: output,
      type,
      digest,
      bytes,
    })),
    device: record?.parts.numericClass ?? null,
    log: logOf(store, run, entry, record),
  };
}

/** Changed ones first, with the value of the nearest earlier record. */
function paramsOf({ params, reasons }: CurrentInstance): InstanceData["params"] {
  const old = new Map<string, Json | undefined>();
  for (const reason of reasons) {
    if (reason.cause === "parameter") old.set(reason.name, reason.old);
    if (reason.cause === "path") old.set(reason.name, undefined);
  }
  return Object.entries(params).map(([name, value]) => {
    const before = old.get(name);
    return { name, value, changed: old.has(name), ...(before !== undefined && { old: before }) };
  }).sort((a, b) => Number(b.changed) - Number(a.changed));
}

function inputsOf(
  { inputs }: CurrentInstance,
  entries: ReadonlyMap<string, CurrentInstance>,
): InstanceData["inputs"] {
  return Object.entries(inputs).flatMap(([port, bound]) =>
    [bound].flat().map(({ instance, output, index }) => {
      const ref = entries.get(instance)?.outputs?.[output];
      const digest = index === undefined ? ref?.digest : ref?.items?.[index]?.digest;
      const element = index === undefined ? "" : `[${index}]`;
      return { port, from: `${instance}.${output}${element}`, digest: digest ?? null };
    })
  );
}

/** Its log of this run; for a cached instance, of the run that computed it. */
function logOf(
  store: Store,
  run: CurrentRun,
  { name, outcome }: CurrentInstance,
  record: InstanceRecord | undefined,
): string[] {
  const made = outcome === "cached" ? record?.log : undefined;
  const paths = made === undefined
    ? [logPath(store, run.id, name)]
    : [store.root, ...store.lower].map((root) => store.objectPath(made, root));
  for (const path of paths) {
    const bytes = store.files.readSync(path);
    if (bytes) return new TextDecoder().decode(bytes).trimEnd().split("\n").slice(-LOG_LINES);
  }
  return [];
}
