/**
 * Intervals of results at the edge. Where everybody is right (or everybody wrong), all resamples are
 * equal, and the bootstrap's interval is a point whatever the number of participants.
 */
import type { Interval } from "./bootstrap.ts";
import { classRange } from "./classification_metrics.ts";
import type { Predictions } from "./predictions.ts";

/** Bounds of a proportion. */
interface Bounds {
  lower: number;
  upper: number;
}

/**
 * Clopper and Pearson's (1934) bounds of a proportion that is 0 or 1 in `n` independent cases; they cover
 * the true one with at least the given confidence.
 */
export function edgeBounds(proportion: number, n: number, confidence: number): Bounds {
  const bound = ((1 - confidence) / 2) ** (1 / n);
  return proportion === 1 ? { lower: bound, upper: 1 } : { lower: 0, upper: 1 - bound };
}

/**
 * Replaces bootstrap intervals of no width.
 *
 * A proportion of 0 or 1 (accuracy, sensitivity, specificity, PPV, NPV) gets {@link edgeBounds} with the
 * number of participants that it counts: rows of one participant are not independent. A balanced
 * accuracy of 0 or 1 gets the means of the bounds of its two parts, which both hold with at least the
 * confidence (Bonferroni). Other metrics get none, and neither has a standard error.
 */
export function replaceDegenerate(
  metrics: Record<string, Interval & { value: number }>,
  predictions: Predictions,
  confidence: number,
): void {
  const counted = countParticipants(predictions);
  for (const [name, metric] of Object.entries(metrics)) {
    if (metric.lower !== metric.upper) continue;
    const bounds = metric.value === 0 || metric.value === 1
      ? (counted[name] ?? []).map((n) => edgeBounds(metric.value, n, confidence))
      : [];
    metric.lower = meanOf(bounds.map(({ lower }) => lower));
    metric.upper = meanOf(bounds.map(({ upper }) => upper));
    metric.standard_error = NaN;
  }
}

/** NaN of none. */
function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Participants in the denominator of each proportion; of the balanced accuracy in both of its parts. */
function countParticipants(
  { participants, trueLabels, predictedLabels, classes }: Predictions,
): Record<string, number[]> {
  if (classes === 0) return {};
  const count = (counts: (row: number) => boolean) =>
    new Set(participants.filter((_, row) => counts(row))).size;
  const counted: Record<string, number[]> = { accuracy: [count(() => true)] };
  for (const label of classes === 2 ? [0] : classRange(classes)) {
    const suffix = classes === 2 ? "" : `-${label}`;
    const positive = count((row) => trueLabels[row] === label);
    const negative = count((row) => trueLabels[row] !== label);
    counted[`sensitivity${suffix}`] = [positive];
    counted[`specificity${suffix}`] = [negative];
    counted[`PPV${suffix}`] = [count((row) => predictedLabels[row] === label)];
    counted[`NPV${suffix}`] = [count((row) => predictedLabels[row] !== label)];
    counted[`BA${suffix}`] = [positive, negative];
  }
  return counted;
}
