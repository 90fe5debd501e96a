/** Two runs side by side. */
import { type Change, diffRuns, type RunDiff } from "../engine/diff.ts";
import type { RunRecord } from "../engine/run/run_folder.ts";
import type { Store } from "../engine/store/store.ts";
import type { Json } from "../workflow/step.ts";
import type { ComparedGroup, ComparisonData, EvaluatedGroupData, EvaluationData } from "./data.ts";

export function compareRuns(
  store: Store,
  old: RunRecord,
  now: RunRecord,
  evaluations: { old: readonly EvaluationData[]; now: readonly EvaluationData[] },
): ComparisonData {
  const diff = diffRuns(store, old, now);
  const text = ({ name, old, new: now }: Change) => ({ name, old: shown(old), new: shown(now) });
  return {
    run: old.id,
    started: old.started,
    params: [
      ...[...diff.params, ...diff.device ? [diff.device] : []].map(text),
      ...stepChanges(diff, now).map(text),
    ],
    removed: [...diff.removed],
    added: [...diff.added],
    instances: diff.instances.map(({ instance, params, inputs, outputs }) => ({
      instance,
      changes: [
        ...params.map((change) => ({
          what: change.name,
          old: shown(change.old),
          new: shown(change.new),
        })),
        ...inputs.map((port) => ({ what: `input ${port}`, old: "", new: "other bytes" })),
        ...outputs.map(({ name }) => ({ what: `output ${name}`, old: "", new: "other bytes" })),
      ],
    })),
    groups: comparedGroups(evaluations.old, evaluations.now),
  };
}

/** Parameters that changed in the same way in instances of a step, each once. */
export function stepChanges({ instances }: RunDiff, now: RunRecord): Change[] {
  const steps = new Map(now.instances.map(({ name, step }) => [name, step]));
  const found = new Map<string, Change>();
  for (const { instance, params } of instances) {
    for (const { name, old, new: value } of params) {
      const change = { name: `${steps.get(instance)}.${name}`, old, new: value };
      found.set(JSON.stringify(change), change);
    }
  }
  return [...found.values()];
}

function shown(value: Json | undefined): string {
  if (value === undefined) return "(none)";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The groups of predictions that both runs evaluated, with all their metrics. */
export function comparedGroups(
  old: readonly EvaluationData[],
  now: readonly EvaluationData[],
): ComparedGroup[] {
  const before = new Map(
    old.flatMap(({ instance, groups }) => groups.map((group) => [keyOf(instance, group), group])),
  );
  return now.flatMap(({ instance, groups }) =>
    groups.flatMap((group) => {
      const earlier = before.get(keyOf(instance, group));
      if (!earlier) return [];
      const { axes, dataGroup, selectionMetric, level, summary } = group;
      const metrics = Object.entries(summary).flatMap(([metric, value]) => {
        const known = earlier.summary[metric];
        return known ? [{ metric, old: known, new: value }] : [];
      });
      return [{ instance, axes, dataGroup, selectionMetric, level, metrics }];
    })
  );
}

function keyOf(
  instance: string,
  { axes, dataGroup, selectionMetric, level }: EvaluatedGroupData,
): string {
  return JSON.stringify([instance, axes, dataGroup, selectionMetric, level]);
}
