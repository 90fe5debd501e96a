/** From a network's outputs to predictions, and from those to metrics. */
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

/** Of the items from `from` to before `to`. */
export function sliceItems({ outputs, items }: ScoredItems, from: number, to: number): ScoredItems {
  const logits = outputs.logits.subarray(from * outputs.outputs, to * outputs.outputs);
  return { items: items.subarray(from, to), outputs: { ...outputs, logits } };
}

/** Of which samples and elements the items of a data set are. */
export interface ItemTable {
  samples: readonly Sample[];
  /** Element ids in order. */
  elements: readonly number[];
  /** Target of every sample; absent where labels are unknown. */
  targets?: ArrayLike<number>;
  /** Classes, or 0 for a regression. */
  classes: number;
}

/** Rows in the order of samples, then elements, of all networks together. */
export function asPredictions(table: ItemTable, scored: readonly ScoredItems[]): Predictions {
  const { samples, elements, targets, classes } = table;
  const sorted = scored.flatMap(({ items }, network) =>
    Array.from(items, (item, row) => ({ item, network, row }))
  ).sort((a, b) => a.item - b.item);
  const predictions = {
    participants: [] as string[],
    sessions: [] as string[],
    elements: [] as number[],
    trueLabels: new Float64Array(sorted.length),
    predictedLabels: new Float64Array(sorted.length),
    classes,
    probabilities: new Float64Array(sorted.length * classes),
  };
  const softmax = scored.map(({ outputs }) =>
    classes > 0 ? computeProbabilities(outputs) : undefined
  );
  sorted.forEach(({ item, network, row }, at) => {
    const element = item % elements.length;
    const sample = (item - element) / elements.length;
    predictions.participants.push(samples[sample].participant);
    predictions.sessions.push(samples[sample].session);
    predictions.elements.push(elements[element]);
    predictions.trueLabels[at] = targets ? targets[sample] : NaN;
    const values = softmax[network];
    if (values) {
      predictions.probabilities.set(
        values.subarray(row * classes, (row + 1) * classes),
        at * classes,
      );
      predictions.predictedLabels[at] = argmax(values, row * classes, classes);
    } else {
      predictions.predictedLabels[at] = scored[network].outputs.logits[row];
    }
  });
  return predictions;
}

/** Every metric of a set of predictions, without intervals. */
export function summarise(
  { classes, trueLabels, predictedLabels }: Predictions,
): Record<string, number> {
  return classes > 0
    ? classificationSummary(confusionMatrix(trueLabels, predictedLabels, classes))
    : regressionMetrics(trueLabels, predictedLabels);
}
