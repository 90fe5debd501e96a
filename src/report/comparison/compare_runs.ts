/** Runs side by side: parameters, metrics and paired tests against the first of them. */
import { type Change, diffRuns, type RunDiff } from "../../engine/diff.ts";
import type { RunRecord } from "../../engine/run/run_folder.ts";
import type { Store } from "../../engine/store/store.ts";
import { DataError } from "../../errors.ts";
import type { BootstrapOptions } from "../../evaluation/bootstrap.ts";
import { holmAdjusted } from "../../evaluation/paired_tests.ts";
import type { Json } from "../../workflow/step.ts";
import { chooseGroups } from "./chosen_groups.ts";
import { comparedGroups, groupKey, groupsByKey } from "./compared_groups.ts";
import { type CurrentInstance, currentRun } from "../current_run.ts";
import type {
  ComparedGroup,
  ComparedMetric,
  ComparisonData,
  EvaluationData,
  PairData,
  RunChanges,
} from "../data.ts";
import { describeEvaluations } from "../evaluations.ts";
import { type GroupMember, membersByGroup } from "../group_members.ts";
import { RunArtifacts } from "../inputs.ts";
import { comparePair, type GroupInRun } from "./paired_groups.ts";
import { rounded } from "../rounding.ts";
import { differingParameters } from "./run_parameters.ts";

/**
 * @param records at least two; the others are compared with the first
 * @param chosen a group of each run; the groups that the runs have in common when absent
 * @throws {DataError} when a run has no such group
 */
export async function compareRuns(
  store: Store,
  records: readonly RunRecord[],
  chosen?: readonly string[],
): Promise<ComparisonData> {
  const [first, ...others] = records;
  const areChosen = chosen !== undefined;
  const runs = await Promise.all(
    records.map((record, index) => openRun(store, record, chosen?.[index])),
  );
  const groups: ComparedGroup[] = [];
  for (const common of comparedGroups(runs.map(({ chosen }) => chosen), areChosen)) {
    const inRuns = runs.map((run, index) =>
      groupInRun(
        run,
        groupKey(common, areChosen),
        areChosen,
        Object.fromEntries(
          common.metrics.flatMap(({ metric, runs }) => runs[index] ? [[metric, runs[index]]] : []),
        ),
      )
    );
    const pairs: PairData[] = [];
    const [one, ...rest] = inRuns;
    for (const [index, other] of rest.entries()) {
      if (common.level !== "image" || !one || !other) continue;
      const options = bootstrapOf(runs[0], common.instance);
      pairs.push({ run: index + 1, ...await comparePair(one, other, options) });
    }
    groups.push({ ...common, pairs });
  }
  adjust(groups);
  return {
    runs: records.map(({ id, workflow, started }, index) => ({
      letter: letterOf(index),
      id,
      workflow: workflow.name,
      started,
    })),
    params: [
      ...areChosen ? [{ name: "group", values: chosen }] : [],
      ...differingParameters(records),
      ...differingDevices(records),
    ]
      .map(({ name, values }) => ({ name, values: values.map((value) => value ?? null) })),
    changes: others.map((record) => changesOf(record.id, diffRuns(store, first, record))),
    groups,
    confidence: runs[0].evaluations[0]?.confidence ?? DEFAULTS.confidence,
  };
}

/** `A` of the first run. */
function letterOf(index: number): string {
  return index < 26 ? String.fromCharCode("A".charCodeAt(0) + index) : `#${index + 1}`;
}

interface OpenRun {
  id: string;
  artifacts: RunArtifacts;
  evaluations: EvaluationData[];
  /** Of them, what is compared. */
  chosen: EvaluationData[];
  /** Folds of every group of an evaluation, by its instance. */
  members: Map<string, GroupMember[][]>;
}

async function openRun(
  store: Store,
  record: RunRecord,
  group: string | undefined,
): Promise<OpenRun> {
  const artifacts = new RunArtifacts(store, currentRun(store, record));
  const evaluations = await describeEvaluations(artifacts);
  return {
    id: record.id,
    artifacts,
    evaluations,
    chosen: group === undefined ? evaluations : chooseGroups(evaluations, group, record.id),
    members: new Map(
      artifacts.ofType("evaluation").map(({ entry }) => [entry.name, membersOf(artifacts, entry)]),
    ),
  };
}

/** None where predictions or models are no longer in the store. */
function membersOf(artifacts: RunArtifacts, evaluation: CurrentInstance): GroupMember[][] {
  try {
    return membersByGroup(artifacts, evaluation);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return [];
  }
}

/** Undefined where the run lacks the group. */
function groupInRun(
  { id, evaluations, chosen, members }: OpenRun,
  key: string,
  areChosen: boolean,
  metrics: Readonly<Record<string, ComparedMetric>>,
): GroupInRun | undefined {
  const found = groupsByKey(chosen, areChosen).get(key);
  if (!found) return undefined;
  const { classes, groups } = evaluations.find(({ instance }) => instance === found.instance)!;
  return {
    run: id,
    classes,
    selectionMetric: found.group.selectionMetric,
    members: members.get(found.instance)?.[groups.indexOf(found.group)] ?? [],
    metrics,
  };
}

/** Of an evaluation without such parameters. */
const DEFAULTS: BootstrapOptions = { seed: 0, resamples: 3000, confidence: 0.95 };

function bootstrapOf({ artifacts }: OpenRun, instance: string): BootstrapOptions {
  const { seed, n_resamples, confidence_level } = artifacts.instance(instance)?.params ?? {};
  return {
    seed: Number(seed ?? DEFAULTS.seed),
    resamples: Number(n_resamples ?? DEFAULTS.resamples),
    confidence: Number(confidence_level ?? DEFAULTS.confidence),
  };
}

/** By Holm over all comparisons of a metric by the same test. */
function adjust(groups: readonly ComparedGroup[]): void {
  const all = groups.flatMap(({ pairs }) => pairs.flatMap(({ metrics }) => metrics))
    .flatMap(({ metric, tests }) =>
      tests.map((test) => ({ family: `${metric} ${test.test}`, test }))
    );
  for (const family of Map.groupBy(all, ({ family }) => family).values()) {
    const adjusted = holmAdjusted(family.map(({ test }) => test.p ?? NaN));
    family.forEach(({ test }, i) => test.adjusted = rounded(adjusted[i]));
  }
}

function differingDevices(records: readonly RunRecord[]) {
  const values = records.map(({ device }) => device === undefined ? undefined : shown(device));
  return new Set(values).size > 1 ? [{ name: "device", values }] : [];
}

function changesOf(run: string, { removed, added, instances }: RunDiff): RunChanges {
  return {
    run,
    removed: [...removed],
    added: [...added],
    instances: instances.map(({ instance, params, inputs, outputs }) => ({
      instance,
      changes: [
        ...params.map(({ name, old, new: now }: Change) => ({
          what: name,
          old: shown(old),
          new: shown(now),
        })),
        ...inputs.map((port) => ({ what: `input ${port}`, old: "", new: "other bytes" })),
        ...outputs.map(({ name }) => ({ what: `output ${name}`, old: "", new: "other bytes" })),
      ],
    })),
  };
}

function shown(value: Json | undefined): string {
  if (value === undefined) return "(none)";
  return typeof value === "string" ? value : JSON.stringify(value);
}
