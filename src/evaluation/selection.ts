/** Comparison of a metric's values, for the selection of a best model. */

const SMALLER_IS_BETTER = new Set(["loss", "MAE", "RMSE", "LR_minus", "ECE"]);

/** Whether the smaller of two values is the better one, as of a loss. */
export function smallerIsBetter(metric: string): boolean {
  return SMALLER_IS_BETTER.has(metric);
}

/**
 * Whether `value` is strictly better than the best so far, which is undefined at first. NaN is never
 * better.
 */
export function isBetter(metric: string, value: number, best: number | undefined): boolean {
  if (Number.isNaN(value)) return false;
  if (best === undefined) return true;
  return smallerIsBetter(metric) ? value < best : value > best;
}
