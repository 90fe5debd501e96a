/** `predictions` artifacts: what a model predicts of participants, a table a level of detail. */
import { DataError } from "../errors.ts";
import type { Predictions } from "../evaluation/predictions.ts";
import type { Voting } from "../evaluation/voting.ts";
import { columnIndices, readTsv, type Writable, writeTsv } from "../formats/tsv.ts";
import type { LeakageStatus } from "../tables/leakage.ts";
import type { Artifact, Digest } from "../workflow/step.ts";
import { type ArtifactType, describeMeta } from "./artifact_type.ts";
import { PARTICIPANTS_FILE, participantsDescription } from "./participants_table.ts";

/** Which model was applied to which participants; `attribution` artifacts have these fields too. */
export type AppliedMeta = {
  task: "classification" | "regression";
  model: Digest;
  data_group: string;
  split: number | null;
  mode: string;
  multi_network: boolean;
  label: string;
  label_code: Readonly<Record<string, number>>;
  selection_metrics: readonly string[];
  leakage: LeakageStatus;
};

export type PredictionsMeta = AppliedMeta & {
  output_size: number;
  voting: Voting;
  selection_threshold: number;
};

export function predictionsMeta({ meta }: Pick<Artifact, "meta">): PredictionsMeta {
  return meta as PredictionsMeta;
}

/** The levels of predictions: of elements and of images, the latter alone where they are the same. */
export function predictionLevels(mode: string): string[] {
  return mode === "image" ? ["image"] : [mode, "image"];
}

/** `slice_level_prediction.tsv`. */
export function predictionFile(level: string): string {
  return `${level}_level_prediction.tsv`;
}

/** Of a `predictions` artifact; a model has the tables of two groups. */
export function predictionPath(selectionMetric: string, level: string): string {
  return `${selectionMetric}/${predictionFile(level)}`;
}

export interface PredictionTable {
  selectionMetric: string;
  level: string;
  predictions: Predictions;
}

/** @param participants see `writeParticipants` */
export function predictionsOutput(
  tables: readonly PredictionTable[],
  participants: string,
  meta: PredictionsMeta,
) {
  const files = Object.fromEntries(
    tables.map(({ selectionMetric, level, predictions }) => [
      predictionPath(selectionMetric, level),
      writePredictions(predictions, meta.mode),
    ]),
  );
  return { meta, files: { ...files, [PARTICIPANTS_FILE]: participants } };
}

/**
 * @param mode of the images, which names the column of elements: `slice_id`
 * @param classes 0 for regression
 * @throws {DataError} naming the row whose numbers can't be read
 */
export function readPredictions(
  text: string | Uint8Array,
  mode: string,
  classes: number,
  subject: string,
): Predictions {
  const table = readTsv(text, subject);
  const probabilityColumns = Array.from({ length: classes }, (_, label) => `proba${label}`);
  const column = columnIndices(
    table,
    ["participant_id", "session_id", `${mode}_id`, "true_label", "predicted_label"],
    subject,
  );
  const probabilityColumn = columnIndices(table, probabilityColumns, subject);
  const rows = table.rows.length;
  const predictions = {
    participants: [] as string[],
    sessions: [] as string[],
    elements: [] as number[],
    trueLabels: new Float64Array(rows),
    predictedLabels: new Float64Array(rows),
    classes,
    probabilities: new Float64Array(rows * classes),
  };
  table.rows.forEach((cells, row) => {
    const required = (name: string, index: number): string => {
      const cell = cells[index];
      if (cell === null) throw new DataError(subject, `row ${row + 1} has no ${name}`);
      return cell;
    };
    const number = (name: string, index: number): number => {
      const value = Number(required(name, index));
      if (Number.isNaN(value)) {
        throw new DataError(subject, `row ${row + 1}: ${name} "${cells[index]}" is not a number`);
      }
      return value;
    };
    predictions.participants.push(required("participant_id", column.participant_id));
    predictions.sessions.push(required("session_id", column.session_id));
    predictions.elements.push(number(`${mode}_id`, column[`${mode}_id`]));
    predictions.trueLabels[row] = cells[column.true_label] === null
      ? NaN
      : number("true_label", column.true_label);
    predictions.predictedLabels[row] = number("predicted_label", column.predicted_label);
    probabilityColumns.forEach((name, label) => {
      predictions.probabilities[row * classes + label] = number(name, probabilityColumn[name]);
    });
  });
  return predictions;
}

export function writePredictions(predictions: Predictions, mode: string): string {
  const { participants, sessions, elements, trueLabels, predictedLabels, classes, probabilities } =
    predictions;
  const columns = ["participant_id", "session_id", `${mode}_id`, "true_label", "predicted_label"];
  for (let label = 0; label < classes; label++) columns.push(`proba${label}`);
  const rows = participants.map((participant, row): Writable[] => [
    participant,
    sessions[row],
    elements[row],
    trueLabels[row],
    predictedLabels[row],
    ...probabilities.subarray(row * classes, (row + 1) * classes),
  ]);
  return writeTsv(columns, rows);
}

export const predictionsType: ArtifactType = {
  type: "predictions",
  privacy: () => "participants",
  files: [
    [
      predictionPath("<selection metric>", "<level>"),
      "levels `<mode>` and `image`; one row an element, or an image",
    ],
    [PARTICIPANTS_FILE, participantsDescription],
  ],
  meta: describeMeta<PredictionsMeta>({
    task: "`classification` or `regression`",
    model: "digest of the `model` artifact",
    data_group: "name of the participants",
    split: "fold that the model was trained on, or null",
    mode: "`slice`, `patch`, `roi` or `image`",
    multi_network: "whether each element has a network of its own",
    label: "column of the true labels",
    label_code: "output node of each label; empty for a regression",
    selection_metrics: "whose best networks were applied",
    leakage: "`none`, `predicting on training data` or `not checkable`",
    output_size: "output nodes of a network",
    voting: "`soft` or `hard`",
    selection_threshold: "validation accuracy below which an element has no soft vote",
  }),
};
