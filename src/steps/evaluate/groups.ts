/** Gathers predictions into folds and evaluates them. */
import { DataError } from "../../errors.ts";
import type { BootstrapOptions } from "../../evaluation/bootstrap.ts";
import { type EvaluatedGroup, evaluateFolds, type Evaluation } from "../../evaluation/evaluate.ts";
import { type Predictions, selectRows } from "../../evaluation/predictions.ts";
import type { Artifact } from "../../workflow/step.ts";
import { predictionFile, readPredictions } from "../../artifacts/predictions.ts";

/**
 * @param groupBy names of matrix axes
 * @param warn is told of rows without a label, which are left out, and of folds that are pooled
 * @throws {DataError} when an axis is unknown, predictions do not fit together, or nothing has labels
 */
export async function evaluateGroups(
  artifacts: readonly Artifact[],
  groupBy: readonly string[],
  options: BootstrapOptions,
  warn: (message: string) => void,
): Promise<Evaluation> {
  const { task, output_size, label_code } = artifacts[0].meta;
  for (const { meta } of artifacts) {
    const same = meta.task === task && meta.output_size === output_size &&
      JSON.stringify(meta.label_code) === JSON.stringify(label_code);
    if (!same) {
      throw new DataError(
        "evaluate",
        "predictions of different tasks or labels can't be scored together",
      );
    }
  }
  const classes = task === "classification" ? Number(output_size) : 0;
  const groups: EvaluatedGroup[] = [];
  for (const members of gather(artifacts, groupBy)) {
    const { meta } = members[0];
    warnOfSharedFolds(members, warn);
    const metrics = meta.selection_metrics as readonly string[];
    const levels = meta.mode === "image" ? ["image"] : [String(meta.mode), "image"];
    for (const selection_metric of metrics) {
      for (const level of levels) {
        const folds = [];
        for (const [index, artifact] of members.entries()) {
          const path = `${selection_metric}/${predictionFile(level)}`;
          const subject = `${artifact.meta.data_group} ${path}`;
          const all = readPredictions(
            await artifact.read(path),
            String(meta.mode),
            classes,
            subject,
          );
          folds.push({
            fold: foldName(artifact, index),
            predictions: labelled(all, subject, warn),
          });
        }
        groups.push({
          axes: pickAxes(members[0], groupBy),
          data_group: String(meta.data_group),
          selection_metric,
          level,
          ...evaluateFolds(folds, options),
        });
      }
    }
  }
  return {
    task: classes > 0 ? "classification" : "regression",
    classes: classNames(label_code as Readonly<Record<string, number>> | undefined, classes),
    bootstrap: options,
    groups,
  };
}

/** Artifacts that agree on data group, selection metrics, mode and the axes; in order of input. */
function gather(artifacts: readonly Artifact[], groupBy: readonly string[]): Artifact[][] {
  const groups = new Map<string, Artifact[]>();
  for (const artifact of artifacts) {
    const { data_group, selection_metrics, mode } = artifact.meta;
    const key = JSON.stringify([
      pickAxes(artifact, groupBy),
      data_group,
      selection_metrics,
      mode,
    ]);
    const members = groups.get(key);
    if (members) members.push(artifact);
    else groups.set(key, [artifact]);
  }
  return [...groups.values()];
}

function pickAxes(artifact: Artifact, groupBy: readonly string[]): EvaluatedGroup["axes"] {
  return Object.fromEntries(groupBy.map((axis) => {
    const value = artifact.axes?.[axis];
    if (value === undefined) {
      const known = Object.keys(artifact.axes ?? {}).map((name) => `"${name}"`).join(", ");
      throw new DataError(
        "group_by",
        `the predictions have no matrix axis "${axis}"${known ? `; they have ${known}` : ""}`,
      );
    }
    return [axis, value];
  }));
}

/** Two predictions by networks of one split are no folds: an axis was forgotten, or meant so. */
function warnOfSharedFolds(members: readonly Artifact[], warn: (message: string) => void): void {
  const names = members.map(foldName);
  const shared = names.find((name, i) => names.indexOf(name) !== i);
  if (shared === undefined) return;
  const same = members.filter((_, i) => names[i] === shared);
  const axes = Object.keys(same[0].axes ?? {})
    .filter((axis) => same.some((artifact) => artifact.axes?.[axis] !== same[0].axes?.[axis]));
  const hint = axes.length > 0 ? `; to tell them apart, add to group_by: ${axes.join(", ")}` : "";
  warn(
    `${members[0].meta.data_group}: ${same.length} predictions of fold ${shared} are pooled${hint}`,
  );
}

/** The split it was trained on; its place among the inputs where it has none. */
function foldName({ meta }: Artifact, index: number): string {
  return typeof meta.split === "number" ? String(meta.split) : String(index);
}

function labelled(
  predictions: Predictions,
  subject: string,
  warn: (message: string) => void,
): Predictions {
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
  labelCode: Readonly<Record<string, number>> | undefined,
  classes: number,
): string[] {
  return Array.from({ length: classes }, (_, node) => {
    const names = Object.keys(labelCode ?? {}).filter((name) => labelCode?.[name] === node);
    return names.length > 0 ? names.join("+") : String(node);
  });
}
