/** Evaluation of a set of predictions: metrics with intervals, curves and calibration. */
import {
  bootstrapIntervals,
  type BootstrapOptions,
  type Interval,
  mean,
  standardDeviation,
} from "./bootstrap.ts";
import { binRows, type Calibration, calibration, calibrationError } from "./calibration.ts";
import {
  classificationMetrics,
  classRange,
  confusionMatrix,
  type UndefinedValue,
} from "./classification_metrics.ts";
import { replaceDegenerate } from "./edge_intervals.ts";
import { joinPredictions, type Predictions, type Task } from "./predictions.ts";
import { rankingAreas, type RankingCurves, rankingCurves, rankRows } from "./ranking.ts";
import { meanScores } from "./reconstruction_scores.ts";
import { regressionMetrics } from "./regression_metrics.ts";

/** Bins of the calibration diagram and of the ECE. */
const CALIBRATION_BINS = 10;

interface MetricValue extends Interval {
  value: number;
}

/** Curves of one class against the rest; of two classes only those of class 0. */
interface ClassCurves extends RankingCurves {
  class: number;
}

/** Evaluation of one set of predictions. */
export interface Result {
  /** Number of distinct participants. */
  participants: number;
  rows: number;
  metrics: Record<string, MetricValue>;
  /** Rows by `[true class][predicted class]`; like curves and calibration, of classification only. */
  confusion_matrix?: number[][];
  curves?: ClassCurves[];
  calibration?: Calibration;
  /** One pair of values a row; of regression only. */
  scatter?: { true_label: number[]; predicted_label: number[] };
}

/** One data group, selection metric and level at one point of the axes that group the table. */
export interface EvaluatedGroup {
  axes: Readonly<Record<string, string | number | boolean>>;
  data_group: string;
  selection_metric: string;
  level: string;
  folds: { fold: string; result: Result }[];
  /** All folds' rows together. */
  pooled: Result;
  /** Over folds; `sd` with n − 1 in the denominator, NaN for one fold. */
  summary: Record<string, { mean: number; sd: number }>;
}

/** Content of `evaluation.json`, where NaN and infinite numbers are written as null. */
export interface Evaluation {
  task: Task;
  /** Name of each class by node; names that share a node are joined by `+`. Empty without classes. */
  classes: string[];
  bootstrap: BootstrapOptions;
  groups: EvaluatedGroup[];
}

/**
 * Evaluates one set of predictions whose true labels are all known, or reconstructions, which need none.
 *
 * Metrics of classification are ClinicaDL's, `ROC_AUC`, `PR_AUC` and `ECE`; those of regression `MAE`,
 * `RMSE` and `R2_score`; those of reconstruction the means over rows of `MAE`, `RMSE`, `PSNR` and `SSIM`.
 *
 * @param undefinedValue of metrics that are undefined; "zero" gives ClinicaDL's intervals too, in which
 *   undefined resamples count as 0
 */
export function evaluatePredictions(
  predictions: Predictions,
  options: BootstrapOptions,
  undefinedValue: UndefinedValue = "nan",
): Result {
  const { participants } = predictions;
  const evaluated = evaluate(predictions, undefinedValue);
  const values = evaluated.statistics(new Float64Array(participants.length).fill(1));
  const intervals = bootstrapIntervals(participants, evaluated.statistics, options);
  const metrics = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { value, ...intervals[name] }]),
  );
  if (undefinedValue === "nan") replaceDegenerate(metrics, predictions, options.confidence);
  return {
    participants: new Set(participants).size,
    rows: participants.length,
    metrics,
    ...evaluated.details,
  };
}

/** Evaluates folds one by one and pooled, and summarises the folds by mean and standard deviation. */
export function evaluateFolds(
  folds: readonly { fold: string; predictions: Predictions }[],
  options: BootstrapOptions,
): Pick<EvaluatedGroup, "folds" | "pooled" | "summary"> {
  const results = folds.map(({ fold, predictions }) => ({
    fold,
    result: evaluatePredictions(predictions, options),
  }));
  const pooled = folds.length === 1
    ? results[0].result
    : evaluatePredictions(joinPredictions(folds.map((fold) => fold.predictions)), options);
  const summary = Object.fromEntries(
    Object.keys(pooled.metrics).map((name) => {
      const values = results.map(({ result }) => result.metrics[name].value);
      return [name, { mean: mean(values), sd: standardDeviation(values) }];
    }),
  );
  return { folds: results, pooled, summary };
}

/** Metrics by name as a function of the rows' weights. */
type Statistics = (weights: Float64Array) => Record<string, number>;

/** The metrics of {@link evaluatePredictions}, NaN where they are undefined. */
export function statisticsOf(predictions: Predictions): Statistics {
  return evaluate(predictions, "nan").statistics;
}

/** Metrics, and what has no interval. */
interface Evaluated {
  statistics: Statistics;
  details: Pick<Result, "confusion_matrix" | "curves" | "calibration" | "scatter">;
}

function evaluate(predictions: Predictions, undefinedValue: UndefinedValue): Evaluated {
  const { scores } = predictions;
  if (scores) return { statistics: (weights) => meanScores(scores, weights), details: {} };
  return predictions.classes > 0
    ? evaluateClassification(predictions, undefinedValue)
    : evaluateRegression(predictions, undefinedValue);
}

function evaluateClassification(
  predictions: Predictions,
  undefinedValue: UndefinedValue,
): Evaluated {
  const { trueLabels, predictedLabels, classes, probabilities } = predictions;
  const positives = classes === 2 ? [0] : classRange(classes);
  const rankings = positives.map((label) =>
    rankRows(trueLabels, probabilities.filter((_, i) => i % classes === label), label)
  );
  const confidences = predictedLabels.map((label, row) => probabilities[row * classes + label]);
  const correct = trueLabels.map((label, row) => Number(label === predictedLabels[row]));
  const binning = binRows(confidences, correct, CALIBRATION_BINS);
  const { counts } = confusionMatrix(trueLabels, predictedLabels, classes);
  return {
    statistics(weights) {
      const metrics = classificationMetrics(
        confusionMatrix(trueLabels, predictedLabels, classes, weights),
        undefinedValue,
      );
      rankings.forEach((ranking, i) => {
        const suffix = positives.length > 1 ? `-${positives[i]}` : "";
        const { ROC_AUC, PR_AUC } = rankingAreas(ranking, weights);
        metrics[`ROC_AUC${suffix}`] = ROC_AUC;
        metrics[`PR_AUC${suffix}`] = PR_AUC;
      });
      metrics.ECE = calibrationError(binning, weights);
      return metrics;
    },
    details: {
      confusion_matrix: classRange(classes).map((label) => [
        ...counts.subarray(label * classes, (label + 1) * classes),
      ]),
      curves: rankings.map((ranking, i) => ({ class: positives[i], ...rankingCurves(ranking) })),
      calibration: calibration(binning),
    },
  };
}

function evaluateRegression(
  { trueLabels, predictedLabels }: Predictions,
  undefinedValue: UndefinedValue,
): Evaluated {
  return {
    statistics: (weights) =>
      regressionMetrics(trueLabels, predictedLabels, weights, undefinedValue),
    details: {
      scatter: { true_label: [...trueLabels], predicted_label: [...predictedLabels] },
    },
  };
}
