/** What `evaluate` found, as the page draws it. */
import { readEvaluation } from "../artifacts/evaluation.ts";
import type { RunRecord } from "../engine/run/run_folder.ts";
import type { Store } from "../engine/store/store.ts";
import { DataError } from "../errors.ts";
import type { EvaluatedGroup, Result } from "../evaluation/evaluate.ts";
import { isCompared } from "../evaluation/paired_comparison.ts";
import { type CurrentInstance, currentRun } from "./current_run.ts";
import { meanBand } from "./curve_band.ts";
import type { ClassBand, EvaluatedGroupData, EvaluationData, FoldData } from "./data.ts";
import type { Artifact } from "../workflow/step.ts";
import { membersByGroup, validationMetrics } from "./group_members.ts";
import { RunArtifacts } from "./inputs.ts";
import { bestGroup, contenders } from "./main_result.ts";
import { rounded } from "./rounding.ts";

/** Pairs of true and predicted numbers that are drawn for a fold. */
const MAX_PAIRS = 1500;

/** What a run has evaluated, as far as its results are in the store. */
export async function evaluationsOf(store: Store, record: RunRecord): Promise<EvaluationData[]> {
  // The events of a run that has ended add nothing to its outputs.
  const run = record.status === "running"
    ? currentRun(store, record)
    : { ...record, status: record.status, points: [] };
  try {
    return await describeEvaluations(new RunArtifacts(store, run));
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return [];
  }
}

export async function describeEvaluations(artifacts: RunArtifacts): Promise<EvaluationData[]> {
  const found: EvaluationData[] = [];
  for (const { entry, artifact } of artifacts.ofType("evaluation")) {
    const evaluation = await readEvaluation(artifact);
    const groups = evaluation.groups.map(describeGroup);
    await addValidation(groups, artifacts, entry);
    found.push({
      instance: entry.name,
      task: evaluation.task,
      label: labelOf(artifacts.input(entry, "predictions")),
      classes: evaluation.classes,
      confidence: evaluation.bootstrap.confidence,
      groups,
      best: bestGroup(groups),
    });
  }
  return found;
}

/**
 * Only where groups compete: reading the predictions of all models takes time. Scores of models that
 * are no longer in the store stay unknown.
 */
async function addValidation(
  groups: readonly EvaluatedGroupData[],
  artifacts: RunArtifacts,
  evaluation: CurrentInstance,
): Promise<void> {
  const competing = contenders(groups);
  if (competing.length < 2) return;
  try {
    const members = membersByGroup(artifacts, evaluation);
    // A user's step may evaluate otherwise.
    if (members.length !== groups.length) return;
    for (const group of competing) {
      const folds = members[groups.indexOf(group)];
      const metrics = await validationMetrics(folds, group.selectionMetric, group.level);
      group.validation = metrics === undefined ? null : Object.fromEntries(
        Object.entries(metrics).filter(([name]) => isCompared(name))
          .map(([name, value]) => [name, rounded(value)]),
      );
    }
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
  }
}

function labelOf(predictions: Artifact | undefined): string | null {
  const label = predictions?.meta.label;
  return typeof label === "string" ? label : null;
}

function axesText(axes: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(axes).map(([name, value]) => `${name}=${value}`).join(", ");
}

function describeGroup(group: EvaluatedGroup): EvaluatedGroupData {
  const folds = group.folds.map(({ fold, result }) => describeResult(fold, result));
  return {
    axes: axesText(group.axes),
    point: Object.fromEntries(
      Object.entries(group.axes).map(([name, value]) => [name, String(value)]),
    ),
    dataGroup: group.data_group,
    selectionMetric: group.selection_metric,
    level: group.level,
    folds,
    pooled: describeResult("pooled", group.pooled),
    summary: Object.fromEntries(
      Object.entries(group.summary).map(([name, { mean, sd }]) => [
        name,
        { mean: rounded(mean), sd: rounded(sd) },
      ]),
    ),
    validation: null,
    bands: bandsOf(folds),
  };
}

function describeResult(fold: string, result: Result): FoldData {
  return {
    fold,
    participants: result.participants,
    rows: result.rows,
    metrics: Object.fromEntries(
      Object.entries(result.metrics).map(([name, { value, lower, upper, undefined_resamples }]) => [
        name,
        {
          value: rounded(value),
          lower: rounded(lower),
          upper: rounded(upper),
          // Evaluations of older versions have no count.
          undefinedResamples: undefined_resamples ?? 0,
        },
      ]),
    ),
    confusion: result.confusion_matrix ?? null,
    curves: describeCurves(result),
    calibration: result.calibration?.bins.filter(({ count }) => count > 0).map((bin) => ({
      confidence: rounded(bin.confidence)!,
      accuracy: rounded(bin.accuracy)!,
      count: bin.count,
    })) ?? null,
    scatter: pairs(result.scatter),
  };
}

/** A curve is undefined where the area under it is. */
function describeCurves({ curves = [], metrics }: Result): FoldData["curves"] {
  return curves.map((curve) => {
    const suffix = curves.length > 1 ? `-${curve.class}` : "";
    const isDefined = (area: string) => rounded(metrics[`${area}${suffix}`].value) !== null;
    return {
      class: curve.class,
      roc: isDefined("ROC_AUC") ? points(curve.false_positive_rate, curve.sensitivity) : null,
      precisionRecall: isDefined("PR_AUC") ? points(curve.sensitivity, curve.precision) : null,
    };
  });
}

function pairs(scatter: Result["scatter"]): [number, number][] {
  const { true_label: truth, predicted_label: predicted } = scatter ??
    { true_label: [], predicted_label: [] };
  const stride = Math.ceil(truth.length / MAX_PAIRS);
  return truth.flatMap((value, i): [number, number][] =>
    i % stride === 0 ? [[rounded(value, 4)!, rounded(predicted[i], 4)!]] : []
  );
}

/** Pairs of coordinates, without those in the middle of a straight line along an axis. */
function points(xs: readonly number[], ys: readonly number[]): [number, number][] {
  const all = xs.map((x, i): [number, number] => [rounded(x, 4)!, rounded(ys[i], 4)!]);
  return all.filter(([x, y], i) => {
    const before = all[i - 1], after = all[i + 1];
    if (!before || !after) return true;
    return !(x === before[0] && x === after[0]) && !(y === before[1] && y === after[1]);
  });
}

function bandsOf(folds: readonly FoldData[]): ClassBand[] {
  const classes = folds[0]?.curves.map((curve) => curve.class) ?? [];
  return classes.map((label) => {
    const curves = folds.flatMap((fold) => fold.curves.filter((curve) => curve.class === label));
    const band = (side: "roc" | "precisionRecall", between: "line" | "step") => {
      const drawn = curves.map((curve) => curve[side]).filter((points) => points !== null);
      if (drawn.length === 0) return null;
      const { x, mean, sd } = meanBand(drawn, between);
      return {
        x,
        mean: mean.map((value) => rounded(value, 4)!),
        sd: sd.map((value) => rounded(value, 4)!),
      };
    };
    return {
      class: label,
      roc: band("roc", "line"),
      precisionRecall: band("precisionRecall", "step"),
    };
  });
}
