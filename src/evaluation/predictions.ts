/** Predictions of a data group: one row an element (slice, patch, ...) or an image. */

/** What networks are trained for. */
export type Task = "classification" | "regression" | "reconstruction";

/** Columns of equally many rows. */
export interface Predictions {
  /** `participant_id` and `session_id` of each row. */
  participants: readonly string[];
  sessions: readonly string[];
  /** Element id of each row; 0 at the image level. */
  elements: readonly number[];
  /** Node of the true class, or the true value; NaN where it is unknown, as of every reconstruction. */
  trueLabels: Float64Array;
  /** Node of the predicted class, or the predicted value; NaN of a reconstruction. */
  predictedLabels: Float64Array;
  /** Classes for classification, 0 otherwise. */
  classes: number;
  /** [rows, classes], row-major. */
  probabilities: Float64Array;
  /** Of a reconstruction: the metrics of each row by name. */
  scores?: Readonly<Record<string, Float64Array>>;
}

/** Selects rows, in the order of `rows`. */
export function selectRows(predictions: Predictions, rows: readonly number[]): Predictions {
  const { classes, probabilities } = predictions;
  const selected = new Float64Array(rows.length * classes);
  rows.forEach((row, i) =>
    selected.set(probabilities.subarray(row * classes, (row + 1) * classes), i * classes)
  );
  return {
    participants: rows.map((row) => predictions.participants[row]),
    sessions: rows.map((row) => predictions.sessions[row]),
    elements: rows.map((row) => predictions.elements[row]),
    trueLabels: Float64Array.from(rows, (row) => predictions.trueLabels[row]),
    predictedLabels: Float64Array.from(rows, (row) => predictions.predictedLabels[row]),
    classes,
    probabilities: selected,
    ...(predictions.scores && {
      scores: mapValues(
        predictions.scores,
        (values) => Float64Array.from(rows, (row) => values[row]),
      ),
    }),
  };
}

/** Joins the rows of several predictions with the same number of classes, or the same scores. */
export function joinPredictions(parts: readonly Predictions[]): Predictions {
  const [{ scores }] = parts;
  return {
    participants: parts.flatMap((part) => part.participants),
    sessions: parts.flatMap((part) => part.sessions),
    elements: parts.flatMap((part) => part.elements),
    trueLabels: joinArrays(parts.map((part) => part.trueLabels)),
    predictedLabels: joinArrays(parts.map((part) => part.predictedLabels)),
    classes: parts[0].classes,
    probabilities: joinArrays(parts.map((part) => part.probabilities)),
    ...(scores && {
      scores: mapValues(scores, (_, name) => joinArrays(parts.map((part) => part.scores![name]))),
    }),
  };
}

function mapValues(
  values: Readonly<Record<string, Float64Array>>,
  map: (value: Float64Array, name: string) => Float64Array,
): Record<string, Float64Array> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, map(value, name)]),
  );
}

function joinArrays(parts: readonly Float64Array[]): Float64Array {
  const joined = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Index from `start` of the largest of `count` values; the first among equals. */
export function argmax(values: ArrayLike<number>, start: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (values[start + i] > values[start + best]) best = i;
  return best;
}
