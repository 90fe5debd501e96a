/** Gathers predictions into folds and evaluates them. */
import { DataError } from "../../errors.ts";
import type { BootstrapOptions } from "../../evaluation/bootstrap.ts";
import { type EvaluatedGroup, evaluateFolds, type Evaluation } from "../../evaluation/evaluate.ts";
import { type Predictions, selectRows } from "../../evaluation/predictions.ts";
import type { Artifact } from "../../workflow/step.ts";
import { foldName, groupPredictions, pickAxes } from "../../artifacts/prediction_groups.ts";
import {
  predictionLevels,
  predictionPath,
  predictionsMeta,
  readPredictions,
} from "../../artifacts/predictions.ts";

/**
 * @param groupBy names of matrix axes
 * @param warn called for rows without a label, which are left out, and for folds that are pooled
 * @throws {DataError} when an axis is unknown, predictions do not fit together, or nothing has labels
 */
export async function evaluateGroups(
  artifacts: readonly Artifact[],
  groupBy: readonly string[],
  options: BootstrapOptions,
  warn: (message: string) => void,
): Promise<Evaluation> {
  const { task, output_size, label_code } = predictionsMeta(artifacts[0]);
  for (const artifact of artifacts) {
    const meta = predictionsMeta(artifact);
    const same = meta.task === task && meta.output_size === output_size &&
      JSON.stringify(meta.label_code) === JSON.stringify(label_code);
    if (!same) {
      throw new DataError(
        "evaluate",
        "predictions of different tasks or labels can't be scored together",
      );
    }
  }
  const classes = task === "classification" ? output_size : 0;
  const groups: EvaluatedGroup[] = [];
  for (const members of groupPredictions(artifacts, groupBy)) {
    const { data_group, mode, selection_metrics } = predictionsMeta(members[0]);
    const levels = predictionLevels(predictionsMeta(members[0]));
    warnOfSharedFolds(members, warn);
    for (const selection_metric of selection_metrics) {
      for (const level of levels) {
        const folds = [];
        for (const [index, artifact] of members.entries()) {
          const path = predictionPath(selection_metric, level);
          const subject = `${data_group} ${path}`;
          const all = readPredictions(await artifact.read(path), mode, classes, subject);
          folds.push({
            fold: foldName(artifact, index),
            predictions: selectLabelled(all, subject, warn),
          });
        }
        groups.push({
          axes: pickAxes(members[0], groupBy),
          data_group,
          selection_metric,
          level,
          ...evaluateFolds(folds, options),
        });
      }
    }
  }
  return {
    task,
    // A user's step may give no label code.
    classes: classNames(label_code ?? {}, classes),
    bootstrap: options,
    groups,
  };
}

/** Two predictions by networks of one split: perhaps an axis is missing in `group_by`. */
function warnOfSharedFolds(members: readonly Artifact[], warn: (message: string) => void): void {
  const names = members.map(foldName);
  const shared = names.find((name, i) => names.indexOf(name) !== i);
  if (shared === undefined) return;
  const same = members.filter((_, i) => names[i] === shared);
  const axes = Object.keys(same[0].axes ?? {})
    .filter((axis) => same.some((artifact) => artifact.axes?.[axis] !== same[0].axes?.[axis]));
  const hint = axes.length > 0
    ? `; to score them separately, add to group_by: ${axes.join(", ")}`
    : "";
  warn(
    `${
      predictionsMeta(members[0]).data_group
    }: ${same.length} predictions of fold ${shared} are pooled${hint}`,
  );
}

/**
 * The rows with a label; all of a reconstruction, which needs none.
 *
 * @throws {DataError} when no row has a label
 */
function selectLabelled(
  predictions: Predictions,
  subject: string,
  warn: (message: string) => void,
): Predictions {
  if (predictions.scores) return predictions;
  const rows: number[] = [];
  predictions.trueLabels.forEach((label, row) => {
    if (!Number.isNaN(label)) rows.push(row);
  });
  const missing = predictions.participants.length - rows.length;
  if (rows.length === 0) {
    throw new DataError(subject, "has no true labels, without which it can't be scored");
  }
  if (missing === 0) return predictions;
  warn(`${subject}: ${missing} rows without a true label are left out`);
  return selectRows(predictions, rows);
}

function classNames(
  labelCode: Readonly<Record<string, number>>,
  classes: number,
): string[] {
  return Array.from({ length: classes }, (_, node) => {
    const names = Object.keys(labelCode).filter((name) => labelCode[name] === node);
    return names.length > 0 ? names.join("+") : String(node);
  });
}
