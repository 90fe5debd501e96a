/** The metrics of two models on the same participants. */
import { bootstrapIntervals, type BootstrapOptions, type Interval } from "./bootstrap.ts";
import { deLongTest } from "./delong.ts";
import { statisticsOf } from "./evaluate.ts";
import { mcNemarTest } from "./paired_tests.ts";
import type { Predictions } from "./predictions.ts";

/** With more than two classes also by class, such as `BA-1`. */
const COMPARED = /^(accuracy|BA|ROC_AUC|MAE|RMSE|R2_score)(-\d+)?$/;

export type PairedTestName = "McNemar" | "DeLong";

/** The interval is that of the difference; NaN where no resample differs from another. */
export interface MetricDifference extends Interval {
  metric: string;
  first: number;
  second: number;
  /** second − first */
  difference: number;
  /** Of the accuracy McNemar's, without a statistic where it is exact; of areas under the curve DeLong's. */
  test?: { name: PairedTestName; statistic: number; p: number };
}

/** The metrics that are compared. */
export function isCompared(metric: string): boolean {
  return COMPARED.test(metric);
}

/**
 * Differences of metrics with intervals by the paired bootstrap: a resample draws the same participants
 * for both models. Tests are two-sided.
 *
 * @param first one row a participant, at least one
 * @param second of the same participants in the same order, with the same true labels
 */
export function comparePaired(
  first: Predictions,
  second: Predictions,
  options: BootstrapOptions,
): MetricDifference[] {
  const [firstMetrics, secondMetrics] = [statisticsOf(first), statisticsOf(second)];
  const differences = (weights: Float64Array): Record<string, number> => {
    const [one, other] = [firstMetrics(weights), secondMetrics(weights)];
    return Object.fromEntries(
      Object.keys(one).filter(isCompared).map((metric) => [metric, other[metric] - one[metric]]),
    );
  };
  const everyone = new Float64Array(first.participants.length).fill(1);
  const [one, other] = [firstMetrics(everyone), secondMetrics(everyone)];
  const intervals = bootstrapIntervals(first.participants, differences, options);
  return Object.entries(differences(everyone)).map(([metric, difference]) => ({
    metric,
    first: one[metric],
    second: other[metric],
    difference,
    ...withWidth(intervals[metric]),
    test: testOf(metric, first, second),
  }));
}

/** Where all resamples are equal, as with the same decisions by both models, they bound nothing. */
function withWidth(interval: Interval): Interval {
  return interval.lower === interval.upper
    ? { ...interval, lower: NaN, upper: NaN, standard_error: NaN }
    : interval;
}

function testOf(
  metric: string,
  first: Predictions,
  second: Predictions,
): MetricDifference["test"] {
  const { trueLabels, classes } = first;
  if (metric === "accuracy") {
    const { corrected, p, isExact } = mcNemarTest(rightOf(first), rightOf(second));
    return { name: "McNemar", statistic: isExact ? NaN : corrected.statistic, p };
  }
  if (!metric.startsWith("ROC_AUC")) return undefined;
  const label = Number(metric.split("-")[1] ?? 0);
  const scoresOf = ({ probabilities }: Predictions) =>
    probabilities.filter((_, i) => i % classes === label);
  const { statistic, p } = deLongTest(trueLabels, scoresOf(second), scoresOf(first), label);
  return { name: "DeLong", statistic, p };
}

function rightOf({ trueLabels, predictedLabels }: Predictions): boolean[] {
  return Array.from(trueLabels, (label, row) => label === predictedLabels[row]);
}
