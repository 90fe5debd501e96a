/** From a network's outputs to predictions, and from those to the numbers a training is judged by. */
import { classificationSummary, confusionMatrix } from "../../evaluation/classification_metrics.ts";
import { argmax, type Predictions } from "../../evaluation/predictions.ts";
import { regressionMetrics } from "../../evaluation/regression_metrics.ts";
import { computeProbabilities } from "../../nn/infer.ts";
import type { NetworkOutputs } from "../../nn/predictor.ts";
import type { Sample } from "../../artifacts/images.ts";

/** Outputs of one network for some items of a data set. */
export interface ScoredItems {
  outputs: NetworkOutputs;
  items: Uint32Array;
}

/** Those of the items from `from` to before `to`. */
export function part({ outputs, items }: ScoredItems, from: number, to: number): ScoredItems {
  const logits = outputs.logits.subarray(from * outputs.outputs, to * outputs.outputs);
  return { items: items.subarray(from, to), outputs: { ...outputs, logits } };
}

/** What the items of a data set are. */
export interface ItemTable {
  samples: readonly Sample[];
  /** Element ids in order. */
  elements: readonly number[];
  /** Target of every sample; absent where labels are unknown. */
  targets?: ArrayLike<number>;
  /** Classes, or 0 for a regression. */
  classes: number;
}

/** Rows in order of sample, then element, whatever network gave them. */
export function asPredictions(table: ItemTable, scored: readonly ScoredItems[]): Predictions {
  const { samples, elements, targets, classes } = table;
  const places = scored.flatMap(({ items }, network) =>
    Array.from(items, (item, row) => ({ item, network, row }))
  ).sort((a, b) => a.item - b.item);
  const predictions = {
    participants: [] as string[],
    sessions: [] as string[],
    elements: [] as number[],
    trueLabels: new Float64Array(places.length),
    predictedLabels: new Float64Array(places.length),
    classes,
    probabilities: new Float64Array(places.length * classes),
  };
  const shares = scored.map(({ outputs }) =>
    classes > 0 ? computeProbabilities(outputs) : undefined
  );
  places.forEach(({ item, network, row }, at) => {
    const element = item % elements.length;
    const sample = (item - element) / elements.length;
    predictions.participants.push(samples[sample].participant);
    predictions.sessions.push(samples[sample].session);
    predictions.elements.push(elements[element]);
    predictions.trueLabels[at] = targets ? targets[sample] : NaN;
    const share = shares[network];
    if (share) {
      predictions.probabilities.set(
        share.subarray(row * classes, (row + 1) * classes),
        at * classes,
      );
      predictions.predictedLabels[at] = argmax(share, row * classes, classes);
    } else {
      predictions.predictedLabels[at] = scored[network].outputs.logits[row];
    }
  });
  return predictions;
}

/** Every metric of a set of predictions, without intervals. */
export function summary(
  { classes, trueLabels, predictedLabels }: Predictions,
): Record<string, number> {
  return classes > 0
    ? classificationSummary(confusionMatrix(trueLabels, predictedLabels, classes))
    : regressionMetrics(trueLabels, predictedLabels);
}
