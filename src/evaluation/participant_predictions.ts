/** One prediction a participant, the unit of tests that compare models. */
import { argmax, type Predictions, selectRows } from "./predictions.ts";

export interface ParticipantPredictions {
  /** A row a participant, sorted; `sessions` are empty and `elements` 0. */
  predictions: Predictions;
  /** Participants without one true label: their sessions, or folds, have different classes. */
  ambiguous: string[];
}

/**
 * Averages predictions over folds, then over the sessions of a participant: probabilities of a
 * classification, whose class is the most probable one of the mean; values of a regression, the true
 * ones too.
 *
 * @param folds predictions at the image level, all rows with true labels
 */
export function averageByParticipant(folds: readonly Predictions[]): ParticipantPredictions {
  const { classes } = folds[0];
  const people = new Map<string, Map<string, SessionSum>>();
  for (const fold of folds) {
    fold.participants.forEach((participant, row) => {
      const sessions = people.get(participant) ?? new Map<string, SessionSum>();
      people.set(participant, sessions);
      const sum = sessions.get(fold.sessions[row]) ?? newSum(classes);
      sessions.set(fold.sessions[row], sum);
      add(sum, fold, row);
    });
  }
  const isAmbiguous = (sessions: ReadonlyMap<string, SessionSum>) =>
    classes > 0 && new Set([...sessions.values()].flatMap(({ labels }) => [...labels])).size > 1;
  const sorted = [...people].sort(([a], [b]) => a < b ? -1 : 1);
  const kept = sorted.filter(([, sessions]) => !isAmbiguous(sessions));
  const predictions: Predictions = {
    participants: kept.map(([participant]) => participant),
    sessions: kept.map(() => ""),
    elements: kept.map(() => 0),
    trueLabels: new Float64Array(kept.length),
    predictedLabels: new Float64Array(kept.length),
    classes,
    probabilities: new Float64Array(kept.length * classes),
  };
  kept.forEach(([, sessions], row) => average([...sessions.values()], predictions, row));
  return {
    predictions,
    ambiguous: sorted.filter(([, sessions]) => isAmbiguous(sessions)).map(([name]) => name),
  };
}

/** Sums over the folds that predict a session. */
interface SessionSum {
  folds: number;
  labels: Set<number>;
  trueValue: number;
  predictedValue: number;
  probabilities: Float64Array;
}

function newSum(classes: number): SessionSum {
  return {
    folds: 0,
    labels: new Set(),
    trueValue: 0,
    predictedValue: 0,
    probabilities: new Float64Array(classes),
  };
}

function add(sum: SessionSum, fold: Predictions, row: number): void {
  sum.folds++;
  sum.labels.add(fold.trueLabels[row]);
  sum.trueValue += fold.trueLabels[row];
  sum.predictedValue += fold.predictedLabels[row];
  for (let c = 0; c < fold.classes; c++) {
    sum.probabilities[c] += fold.probabilities[row * fold.classes + c];
  }
}

function average(sums: readonly SessionSum[], into: Predictions, row: number): void {
  const { classes, probabilities, trueLabels, predictedLabels } = into;
  for (const sum of sums) {
    const weight = 1 / (sum.folds * sums.length);
    if (classes === 0) {
      trueLabels[row] += weight * sum.trueValue;
      predictedLabels[row] += weight * sum.predictedValue;
    }
    for (let c = 0; c < classes; c++) {
      probabilities[row * classes + c] += weight * sum.probabilities[c];
    }
  }
  if (classes === 0) return;
  trueLabels[row] = [...sums[0].labels][0];
  predictedLabels[row] = argmax(probabilities, row * classes, classes);
}

/** The rows of the participants in both, in one order. */
export function commonParticipants(
  first: Predictions,
  second: Predictions,
): { first: Predictions; second: Predictions } {
  const rowOf = new Map(second.participants.map((participant, row) => [participant, row]));
  const shared = first.participants.flatMap((participant, row) => {
    const other = rowOf.get(participant);
    return other === undefined ? [] : [{ row, other }];
  });
  return {
    first: selectRows(first, shared.map(({ row }) => row)),
    second: selectRows(second, shared.map(({ other }) => other)),
  };
}
