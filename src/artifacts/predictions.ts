/** Prediction tables of artifacts (ARCHITECTURE, Artifacts) to and from what evaluation works on. */
import { DataError } from "../errors.ts";
import type { Predictions } from "../evaluation/predictions.ts";
import { columnIndices, readTsv, type Writable, writeTsv } from "../formats/tsv.ts";

/** `slice_level_prediction.tsv`: level is a mode, or `image`. */
export function predictionFile(level: string): string {
  return `${level}_level_prediction.tsv`;
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
        throw new DataError(subject, `row ${row + 1}: ${name} "${cells[index]}" is no number`);
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
