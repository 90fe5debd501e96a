/** `predictions` artifacts: what a model predicts of participants, a table a level of detail. */
import { DataError } from "../errors.ts";
import type { Predictions } from "../evaluation/predictions.ts";
import { RECONSTRUCTION_METRICS } from "../evaluation/reconstruction_scores.ts";
import type { Voting } from "../evaluation/voting.ts";
import {
  type Cell,
  columnIndices,
  readTsv,
  type Table,
  type Writable,
  writeTsv,
} from "../formats/tsv.ts";
import type { Artifact, Blob } from "../workflow/step.ts";
import { type ArtifactType, describeMeta } from "./artifact_type.ts";
import {
  type AppliedMeta,
  PARTICIPANTS_FILE,
  participantsDescription,
} from "./participants_table.ts";
import {
  comparisonPath,
  latentsPath,
  latentTensorsPath,
  reconstructionDescription,
  reconstructionPath,
} from "./reconstructions.ts";

export type PredictionsMeta = AppliedMeta & {
  output_size: number;
  voting: Voting;
  selection_threshold: number;
  /** Of a reconstruction, as the following. */
  latent_shape?: readonly number[];
  latent_variance?: Readonly<Record<string, readonly number[]>>;
  slice_direction?: number;
  residual_limit?: Readonly<Record<string, number>>;
  saved?: readonly SavedTensors[];
};

/** What a reconstruction publishes of every session. */
export type SavedTensors = "tensor" | "nifti" | "latent";

export function predictionsMeta({ meta }: Pick<Artifact, "meta">): PredictionsMeta {
  return meta as PredictionsMeta;
}

/**
 * The levels of predictions: of elements and of images, the latter alone where they are the same.
 * Reconstructions have elements only, as in ClinicaDL.
 */
export function predictionLevels({ task, mode }: Pick<AppliedMeta, "task" | "mode">): string[] {
  return mode === "image" || task === "reconstruction" ? [mode] : [mode, "image"];
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

/** @param participants see `writeParticipants` @param others files of a reconstruction */
export function predictionsOutput(
  tables: readonly PredictionTable[],
  participants: string,
  meta: PredictionsMeta,
  others: Readonly<Record<string, string | Blob>> = {},
) {
  const files = Object.fromEntries(
    tables.map(({ selectionMetric, level, predictions }) => [
      predictionPath(selectionMetric, level),
      writePredictions(predictions, meta.mode),
    ]),
  );
  return { meta, files: { ...files, ...others, [PARTICIPANTS_FILE]: participants } };
}

/**
 * A table without labels is one of reconstructions, whose columns are its metrics.
 *
 * @param mode of the images, which names the column of elements: `slice_id`
 * @param classes 0 where there are none
 * @throws {DataError} naming the row whose numbers can't be read
 */
export function readPredictions(
  text: string | Uint8Array,
  mode: string,
  classes: number,
  subject: string,
): Predictions {
  const table = readTsv(text, subject);
  const isScored = !table.columns.includes("true_label") &&
    RECONSTRUCTION_METRICS.some((name) => table.columns.includes(name));
  return isScored ? readScores(table, mode, subject) : readLabels(table, mode, classes, subject);
}

/** @throws {DataError} naming the row whose numbers can't be read */
function readScores(table: Table, mode: string, subject: string): Predictions {
  const id = `${mode}_id` as const;
  const column = columnIndices(
    table,
    ["participant_id", "session_id", id, ...RECONSTRUCTION_METRICS],
    subject,
  );
  const values = (name: keyof typeof column) =>
    Float64Array.from(table.rows, (row, i) => {
      const cell = row[column[name]];
      // The PSNR of a perfect reconstruction.
      return cell === "inf" ? Infinity : numberOf(cell, name, i, subject);
    });
  const texts = (name: keyof typeof column) =>
    table.rows.map((row, i) => textOf(row[column[name]], name, i, subject));
  const unknown = new Float64Array(table.rows.length).fill(NaN);
  return {
    participants: texts("participant_id"),
    sessions: texts("session_id"),
    elements: [...values(id)],
    trueLabels: unknown,
    predictedLabels: unknown,
    classes: 0,
    probabilities: new Float64Array(),
    scores: Object.fromEntries(RECONSTRUCTION_METRICS.map((name) => [name, values(name)])),
  };
}

function readLabels(table: Table, mode: string, classes: number, subject: string): Predictions {
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
    const required = (name: string, index: number) => textOf(cells[index], name, row, subject);
    const number = (name: string, index: number) => numberOf(cells[index], name, row, subject);
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

function textOf(cell: Cell, name: string, row: number, subject: string): string {
  if (cell === null) throw new DataError(subject, `row ${row + 1} has no ${name}`);
  return cell;
}

function numberOf(cell: Cell, name: string, row: number, subject: string): number {
  const text = textOf(cell, name, row, subject);
  const value = Number(text);
  if (Number.isNaN(value)) {
    throw new DataError(subject, `row ${row + 1}: ${name} "${text}" is not a number`);
  }
  return value;
}

export function writePredictions(predictions: Predictions, mode: string): string {
  const { scores } = predictions;
  if (scores) return writeScores(predictions, scores, mode);
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

function writeScores(
  { participants, sessions, elements }: Predictions,
  scores: Readonly<Record<string, Float64Array>>,
  mode: string,
): string {
  const columns = ["participant_id", "session_id", `${mode}_id`, ...RECONSTRUCTION_METRICS];
  const rows = participants.map((participant, row): Writable[] => [
    participant,
    sessions[row],
    elements[row],
    ...RECONSTRUCTION_METRICS.map((name) => scores[name][row]),
  ]);
  return writeTsv(columns, rows);
}

export const predictionsType: ArtifactType = {
  type: "predictions",
  // A latent is a picture to whoever has the decoder.
  privacy: (path) => /\.(safetensors|png)$/.test(path) ? "images" : "participants",
  files: [
    [
      predictionPath("<selection metric>", "<level>"),
      "levels `<mode>` and `image`; one row an element, or an image",
    ],
    [PARTICIPANTS_FILE, participantsDescription],
    [
      latentsPath("<selection metric>"),
      "reconstructions: ids, then the first two principal components of the latents, `component1`, " +
      "`component2`",
    ],
    [
      latentTensorsPath("<selection metric>"),
      "`latent` float32 [rows of latents.tsv, numbers], on request",
    ],
    [
      reconstructionPath("<selection metric>/sub-X_ses-Y"),
      `of one session, on request: ${reconstructionDescription}`,
    ],
    [
      comparisonPath("<selection metric>", "sub-X_ses-Y", "input"),
      "pictures of some sessions: `input`, `output` and `residual`",
    ],
  ],
  meta: describeMeta<PredictionsMeta>({
    task: "`classification`, `regression` or `reconstruction`",
    model: "digest of the `model` artifact",
    data_group: "name of the participants",
    split: "fold that the model was trained on, or null",
    mode: "`slice`, `patch`, `roi` or `image`",
    multi_network: "whether each element has a network of its own",
    label: "column of the true labels",
    label_code: "output node of each label; empty without classes",
    selection_metrics: "whose best networks were applied",
    leakage: "`none`, `predicting on training data` or `not checkable`",
    output_size: "output nodes of a network",
    voting: "`soft` or `hard`",
    selection_threshold: "validation accuracy below which an element has no soft vote",
    latent_shape: "reconstructions: shape of an element's latent, [numbers] or [C, D, H, W]",
    slice_direction: "axis across slices, of reconstructed slices",
    latent_variance: "by selection metric, shares of the variance along the components",
    residual_limit: "by selection metric, residual at which the colours of pictures end",
    saved: "tensors of every session that are published: `tensor`, `nifti`, `latent`",
  }),
};
