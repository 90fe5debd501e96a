/** The predictions that an evaluation scored, group by group, and the models that made them. */
import { modelMeta, modelPredictionPath } from "../artifacts/model.ts";
import { readParticipants } from "../artifacts/participants_table.ts";
import { foldName, groupPredictions } from "../artifacts/prediction_groups.ts";
import {
  predictionLevels,
  predictionPath,
  predictionsMeta,
  readPredictions,
} from "../artifacts/predictions.ts";
import { mean } from "../evaluation/bootstrap.ts";
import { statisticsOf } from "../evaluation/evaluate.ts";
import { type Predictions, selectRows } from "../evaluation/predictions.ts";
import type { Artifact } from "../workflow/step.ts";
import type { CurrentInstance } from "./current_run.ts";
import type { RunArtifacts } from "./inputs.ts";

/** One fold of a group. */
export interface GroupMember {
  fold: string;
  predictions: Artifact;
  /** Absent where the predictions come from elsewhere, such as an opened MAPS. */
  model?: Artifact;
}

/** @param evaluation an instance of `evaluate`; the folds of its groups, in the order of its groups */
export function membersByGroup(
  artifacts: RunArtifacts,
  evaluation: CurrentInstance,
): GroupMember[][] {
  const groupBy = [evaluation.params.group_by ?? []].flat().map(String);
  const sources = artifacts.sources(evaluation, "predictions").map(({ entry, artifact }) => ({
    meta: artifact.meta,
    axes: entry.axes,
    predictions: artifact,
    model: artifacts.input(entry, "model"),
  }));
  return groupPredictions(sources, groupBy).flatMap((members) => {
    const meta = predictionsMeta(members[0]);
    const folds = members.map((member, index) => ({ ...member, fold: foldName(member, index) }));
    return meta.selection_metrics.flatMap(() => predictionLevels(meta).map(() => folds));
  });
}

/** Predictions of a member at the image level, rows without a true label left out. */
export async function imagePredictions(
  { predictions }: GroupMember,
  selectionMetric: string,
): Promise<Predictions> {
  const { task, mode, output_size } = predictionsMeta(predictions);
  const path = predictionPath(selectionMetric, "image");
  const classes = task === "classification" ? output_size : 0;
  const all = readPredictions(await predictions.read(path), mode, classes, path);
  const labelled = all.participants.flatMap((_, row) =>
    Number.isNaN(all.trueLabels[row]) ? [] : [row]
  );
  return selectRows(all, labelled);
}

/**
 * Metrics of the models on their own validation sets, averaged over folds; undefined where a model has
 * no such predictions.
 */
export async function validationMetrics(
  members: readonly GroupMember[],
  selectionMetric: string,
  level: string,
): Promise<Record<string, number> | undefined> {
  const path = modelPredictionPath(selectionMetric, "validation", level);
  const folds: Record<string, number>[] = [];
  for (const { model } of members) {
    if (!model?.files.some((file) => file.path === path)) return undefined;
    const { task, mode, output_size } = modelMeta(model);
    const classes = task === "classification" ? output_size : 0;
    const predictions = readPredictions(await model.read(path), mode, classes, path);
    folds.push(
      statisticsOf(predictions)(new Float64Array(predictions.participants.length).fill(1)),
    );
  }
  const names = Object.keys(folds[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, mean(folds.map((fold) => fold[name]))]));
}

/** Participants in the training set of a member's model; undefined where it is not known. */
export async function trainingParticipants({ model }: GroupMember): Promise<number | undefined> {
  if (!model) return undefined;
  const { columns, rows } = await readParticipants(model, "the model's participants.tsv");
  const [participant, role] = [columns.indexOf("participant_id"), columns.indexOf("role")];
  const trained = rows.filter((row) => row[role] === "train").map((row) => row[participant]);
  return trained.length === 0 ? undefined : new Set(trained).size;
}
