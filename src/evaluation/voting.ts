/** Image-level predictions from elements (slices, patches, regions), by weighted votes. */
import { DataError } from "../errors.ts";
import { argmax, type Predictions } from "./predictions.ts";

export type Voting = "soft" | "hard";

/**
 * The weight of each element; they sum to 1. In soft voting it is the element's accuracy on the
 * validation set, or 0 where that is below the threshold; in hard voting all are equal.
 *
 * @param validation element-level predictions of the validation set, whichever data group votes:
 * weights from a group's own labels would bias its results
 * @param selectionThreshold between 0 and 1
 * @throws {DataError} when no element is left, or validation labels are unknown
 */
export function elementWeights(
  validation: Predictions,
  voting: Voting,
  selectionThreshold: number,
): Map<number, number> {
  const counts = new Map<number, { correct: number; rows: number }>();
  validation.elements.forEach((element, row) => {
    const truth = validation.trueLabels[row];
    if (voting === "soft" && Number.isNaN(truth)) {
      throw new DataError(
        validation.participants[row],
        "has no label in the validation predictions, from which soft voting takes its weights",
      );
    }
    const count = counts.get(element) ?? { correct: 0, rows: 0 };
    count.rows++;
    if (truth === validation.predictedLabels[row]) count.correct++;
    counts.set(element, count);
  });
  const weights = new Map<number, number>();
  let sum = 0;
  for (const element of [...counts.keys()].sort((a, b) => a - b)) {
    const { correct, rows } = counts.get(element)!;
    const accuracy = correct / rows;
    const weight = voting === "hard" ? 1 : accuracy < selectionThreshold ? 0 : accuracy;
    weights.set(element, weight);
    sum += weight;
  }
  if (sum === 0) {
    throw new DataError(
      "selection_threshold",
      `no element reaches an accuracy of ${selectionThreshold} on the validation set; lower it`,
    );
  }
  for (const [element, weight] of weights) weights.set(element, weight / sum);
  return weights;
}

/**
 * Image-level predictions, sorted by participant and session: of a classification p_c = Σ wᵢ pᵢ,c
 * and the class with the largest; of a regression the mean.
 *
 * @param weights of the elements ({@link elementWeights}); not used by regression
 * @throws {DataError} naming the image that lacks an element, has one twice, or has two labels
 */
export function voteOnImages(
  predictions: Predictions,
  weights: ReadonlyMap<number, number>,
): Predictions {
  const { classes } = predictions;
  const images = groupByImage(predictions);
  const voted = {
    participants: [] as string[],
    sessions: [] as string[],
    elements: images.map(() => 0),
    trueLabels: new Float64Array(images.length),
    predictedLabels: new Float64Array(images.length),
    classes,
    probabilities: new Float64Array(images.length * classes),
  };
  images.forEach((rows, image) => {
    const subject = `${predictions.participants[rows[0]]} ${predictions.sessions[rows[0]]}`;
    checkElements(predictions, rows, classes > 0 ? weights : undefined, subject);
    voted.participants.push(predictions.participants[rows[0]]);
    voted.sessions.push(predictions.sessions[rows[0]]);
    voted.trueLabels[image] = predictions.trueLabels[rows[0]];
    for (const row of rows) {
      if (!Object.is(predictions.trueLabels[row], voted.trueLabels[image])) {
        throw new DataError(subject, "has different true labels in its elements");
      }
      voted.predictedLabels[image] += predictions.predictedLabels[row] / rows.length;
      const weight = weights.get(predictions.elements[row]) ?? 0;
      for (let c = 0; c < classes; c++) {
        voted.probabilities[image * classes + c] += weight *
          predictions.probabilities[row * classes + c];
      }
    }
    if (classes > 0) {
      voted.predictedLabels[image] = argmax(voted.probabilities, image * classes, classes);
    }
  });
  return voted;
}

/** Rows of each image, by element; images by participant and session. */
function groupByImage({ participants, sessions, elements }: Predictions): number[][] {
  const images = new Map<string, number[]>();
  participants.forEach((participant, row) => {
    const key = `${participant}\0${sessions[row]}`;
    const rows = images.get(key);
    if (rows) rows.push(row);
    else images.set(key, [row]);
  });
  return [...images.keys()].sort().map((key) =>
    images.get(key)!.sort((a, b) => elements[a] - elements[b])
  );
}

/** @throws {DataError} naming the image that lacks an element, or has one twice */
function checkElements(
  { elements }: Predictions,
  rows: readonly number[],
  weights: ReadonlyMap<number, number> | undefined,
  subject: string,
): void {
  const present = new Set(rows.map((row) => elements[row]));
  if (present.size !== rows.length) throw new DataError(subject, "has an element twice");
  if (weights === undefined) return;
  for (const element of present) {
    if (!weights.has(element)) {
      throw new DataError(subject, `has element ${element}, which the validation set lacks`);
    }
  }
  for (const element of weights.keys()) {
    if (!present.has(element)) throw new DataError(subject, `lacks element ${element}`);
  }
}
