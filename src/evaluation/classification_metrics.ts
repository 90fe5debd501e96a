/**
 * Metrics of classification from a confusion matrix, one class against the rest, with ClinicaDL's
 * names: of two classes, class 0 is the positive one. LR+ at a specificity of 1, and LR- at a
 * specificity of 0, are infinite unless their numerator is 0 too; ClinicaDL's 0 would rank a perfect
 * test as the worst.
 *
 * A metric is undefined where its denominator is 0: where the truth lacks a class that it needs, or
 * where nothing is predicted to be what it counts. F1 without a true positive and MCC of constant
 * predictions are 0, as in scikit-learn, where the truth has both classes.
 */

/** Value of undefined metrics: NaN, or 0 as in ClinicaDL's training and MAPS. */
export type UndefinedValue = "nan" | "zero";

export const CLASSIFICATION_METRICS = [
  "BA",
  "accuracy",
  "F1_score",
  "sensitivity",
  "specificity",
  "PPV",
  "NPV",
  "MCC",
  "MK",
  "LR_plus",
  "LR_minus",
] as const;

type ClassificationMetric = typeof CLASSIFICATION_METRICS[number];

/** `counts[t * classes + p]`: rows, or their weight, of true class t that were predicted to be p. */
interface ConfusionMatrix {
  classes: number;
  counts: Float64Array;
}

/**
 * @param weights of the rows; 1 each when absent
 * @throws {RangeError} on a label that is no class
 */
export function confusionMatrix(
  trueLabels: ArrayLike<number>,
  predictedLabels: ArrayLike<number>,
  classes: number,
  weights?: ArrayLike<number>,
): ConfusionMatrix {
  const counts = new Float64Array(classes * classes);
  for (let row = 0; row < trueLabels.length; row++) {
    const truth = trueLabels[row];
    const predicted = predictedLabels[row];
    if (!isClass(truth, classes) || !isClass(predicted, classes)) {
      throw new RangeError(`Row ${row} has labels ${truth}, ${predicted} of ${classes} classes`);
    }
    counts[truth * classes + predicted] += weights?.[row] ?? 1;
  }
  return { classes, counts };
}

function isClass(label: number, classes: number): boolean {
  return Number.isInteger(label) && label >= 0 && label < classes;
}

/** Metrics of one class against the rest; accuracy is that of all classes together. */
export function classMetrics(
  { classes, counts }: ConfusionMatrix,
  positive: number,
  undefinedValue: UndefinedValue = "zero",
): Record<ClassificationMetric, number> {
  let total = 0, correct = 0, actual = 0, predicted = 0;
  for (let t = 0; t < classes; t++) {
    for (let p = 0; p < classes; p++) {
      const count = counts[t * classes + p];
      total += count;
      if (t === p) correct += count;
      if (t === positive) actual += count;
      if (p === positive) predicted += count;
    }
  }
  const tp = counts[positive * classes + positive];
  const fn = actual - tp;
  const fp = predicted - tp;
  const tn = total - tp - fn - fp;
  const ratio = undefinedValue === "zero" ? ratioOrZero : (a: number, b: number) => a / b;
  const sensitivity = ratio(tp, tp + fn);
  const specificity = ratio(tn, tn + fp);
  const PPV = ratio(tp, tp + fp);
  const NPV = ratio(tn, tn + fn);
  const oneClass = undefinedValue === "nan" && (tp + fn === 0 || tn + fp === 0);
  return {
    BA: (sensitivity + specificity) / 2,
    accuracy: ratio(correct, total),
    F1_score: undefinedValue === "nan" && tp + fn === 0
      ? NaN
      : tp === 0
      ? 0
      : ratio(2 * PPV * sensitivity, PPV + sensitivity),
    sensitivity,
    specificity,
    PPV,
    NPV,
    MCC: oneClass
      ? NaN
      : ratioOrZero(tp * tn - fp * fn, Math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))),
    MK: PPV + NPV - 1,
    // A positive number divided by 0 is Infinity.
    LR_plus: sensitivity > 0
      ? sensitivity / (1 - specificity)
      : ratio(sensitivity, 1 - specificity),
    LR_minus: sensitivity < 1
      ? (1 - sensitivity) / specificity
      : ratio(1 - sensitivity, specificity),
  };
}

function ratioOrZero(numerator: number, denominator: number): number {
  return denominator === 0 ? 0 : numerator / denominator;
}

/**
 * One value a metric, for `training.tsv` and the selection of a best model: of class 0 when there are
 * two classes, else the mean over classes.
 */
export function classificationSummary(
  confusion: ConfusionMatrix,
): Record<ClassificationMetric, number> {
  const summary = classMetrics(confusion, 0);
  if (confusion.classes === 2) return summary;
  const each = classRange(confusion.classes).map((label) => classMetrics(confusion, label));
  for (const metric of CLASSIFICATION_METRICS) {
    summary[metric] = each.reduce((sum, metrics) => sum + metrics[metric], 0) / each.length;
  }
  return summary;
}

/** Metrics by name; with more than two classes all but accuracy are named `BA-0`, `BA-1`, …. */
export function classificationMetrics(
  confusion: ConfusionMatrix,
  undefinedValue: UndefinedValue = "nan",
): Record<string, number> {
  if (confusion.classes === 2) return classMetrics(confusion, 0, undefinedValue);
  const each = classRange(confusion.classes)
    .map((label) => classMetrics(confusion, label, undefinedValue));
  return Object.fromEntries(
    CLASSIFICATION_METRICS.flatMap((metric) =>
      metric === "accuracy"
        ? [[metric, each[0].accuracy]]
        : each.map((metrics, label) => [`${metric}-${label}`, metrics[metric]])
    ),
  );
}

/** The class numbers 0 to `classes` - 1. */
export function classRange(classes: number): number[] {
  return Array.from({ length: classes }, (_, label) => label);
}
