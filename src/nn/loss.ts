/** Losses of logits that were read back, in float64, with PyTorch's definitions. */
import {
  type ClassLoss,
  FOCAL_GAMMA,
  isClassLoss,
  type LossName,
  type RegressionLoss,
} from "../../kernels/loss.ts";

/** What a class loss depends on besides logits and classes. */
export interface ClassLossOptions {
  /** One a class; 1 each when absent. */
  classWeights?: readonly number[];
  /** Of `cross_entropy`: the share of every target that all classes get alike. */
  labelSmoothing?: number;
  /** Exponent of `focal`. */
  focalGamma?: number;
}

/**
 * Mean loss of items, by the definition of the training loss.
 *
 * @param logits `[items][outputs]`, in the order of `items`
 * @param targets class of every item of the data set, or its `outputs` values
 */
export function meanLossOfLogits(
  name: LossName,
  logits: Float32Array,
  outputs: number,
  items: Uint32Array,
  targets: Uint32Array | Float32Array,
  options: ClassLossOptions = {},
): number {
  if (isClassLoss(name)) {
    const classes = Uint32Array.from(items, (item) => targets[item]);
    return classLoss(name, logits, outputs, classes, options);
  }
  const values = new Float64Array(items.length * outputs);
  items.forEach((item, n) => {
    for (let k = 0; k < outputs; k++) values[n * outputs + k] = targets[item * outputs + k];
  });
  return regressionLoss(name, logits, values);
}

/** e^(x_k - max) / sum e^(x - max), which can't overflow. */
export function softmax(logits: ArrayLike<number>): Float64Array {
  const high = Math.max(...Array.from(logits));
  const powers = Float64Array.from(logits, (x) => Math.exp(x - high));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

/**
 * Mean over samples of one row of logits x and its true class t, with weight w_t.
 *
 * - `cross_entropy`: sum of w_t (ln sum e^x - x_t), divided by the sum of w_t. With label smoothing e,
 *   as PyTorch: sum of (1 - e) w_t (ln sum e^x - x_t) + e / outputs sum of w_k (ln sum e^x - x_k).
 * - `focal` (Lin et al., ICCV 2017): sum of w_t (1 - p_t)^gamma (ln sum e^x - x_t), divided by the sum of w_t.
 * - `multi_margin`: mean of w_t sum over k != t of max(0, 1 - x_t + x_k) / outputs.
 */
export function classLoss(
  name: ClassLoss,
  logits: ArrayLike<number>,
  outputs: number,
  classes: ArrayLike<number>,
  { classWeights, labelSmoothing = 0, focalGamma = FOCAL_GAMMA }: ClassLossOptions = {},
): number {
  let sum = 0;
  let total = 0;
  for (let n = 0; n < classes.length; n++) {
    const row = Float64Array.from({ length: outputs }, (_, k) => logits[n * outputs + k]);
    const truth = classes[n];
    const weight = classWeights?.[truth] ?? 1;
    if (name !== "multi_margin") {
      const high = row.reduce((a, b) => Math.max(a, b));
      const powers = row.reduce((s, x) => s + Math.exp(x - high), 0);
      const surprise = (k: number) => Math.log(powers) + high - row[k];
      let loss = weight * surprise(truth);
      if (name === "focal") loss *= (-Math.expm1(-surprise(truth))) ** focalGamma;
      else if (labelSmoothing > 0) {
        loss *= 1 - labelSmoothing;
        for (let k = 0; k < outputs; k++) {
          loss += labelSmoothing / outputs * (classWeights?.[k] ?? 1) * surprise(k);
        }
      }
      sum += loss;
      total += weight;
    } else {
      for (let k = 0; k < outputs; k++) {
        if (k !== truth) sum += weight * Math.max(0, 1 - row[truth] + row[k]) / outputs;
      }
      total += 1;
    }
  }
  return sum / total;
}

/** Mean over samples and outputs of the difference between `logits` and `targets`. */
export function regressionLoss(
  name: RegressionLoss,
  logits: ArrayLike<number>,
  targets: ArrayLike<number>,
): number {
  let sum = 0;
  for (let i = 0; i < targets.length; i++) sum += pointwise(name, logits[i], targets[i]);
  return sum / targets.length;
}

function pointwise(name: RegressionLoss, x: number, t: number): number {
  const d = Math.abs(x - t);
  switch (name) {
    case "mse":
      return d * d;
    case "l1":
      return d;
    case "huber":
    case "smooth_l1":
      return d < 1 ? 0.5 * d * d : d - 0.5;
    case "bce_with_logits":
      return Math.max(x, 0) - x * t + Math.log1p(Math.exp(-Math.abs(x)));
    case "kl_div":
      return t > 0 ? t * (Math.log(t) - x) : 0;
  }
}
