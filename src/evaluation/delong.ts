/** DeLong's test of two areas under the ROC curve that come from the same participants. */
import { mean, standardDeviation } from "./bootstrap.ts";
import { chiSquareTail } from "./distributions.ts";

interface DeLongResult {
  /** Areas under the curves. */
  first: number;
  second: number;
  /** Of the difference first − second. */
  standardError: number;
  /** Difference in standard errors. */
  statistic: number;
  /** Two-sided. */
  p: number;
}

/**
 * DeLong, DeLong and Clarke-Pearson's test (1988), by midranks (Sun and Xu 2014). Undefined (NaN) with
 * fewer than two participants of the class or of the others, and where the difference has no variance
 * but is not 0.
 *
 * @param trueLabels of the participants
 * @param first scores of the first model for the class; `second` likewise
 */
export function deLongTest(
  trueLabels: ArrayLike<number>,
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  positiveClass: number,
): DeLongResult {
  const isPositive = Array.from(trueLabels, (label) => label === positiveClass);
  const one = placements(isPositive, first);
  const other = placements(isPositive, second);
  const [positives, negatives] = [one.positives.length, one.negatives.length];
  const areas = { first: mean(one.positives), second: mean(other.positives) };
  const difference = areas.first - areas.second;
  const deviation = (of: "positives" | "negatives") =>
    standardDeviation(one[of].map((value, i) => value - other[of][i]));
  const standardError = Math.sqrt(
    deviation("positives") ** 2 / positives + deviation("negatives") ** 2 / negatives,
  );
  if (standardError === 0) {
    const isEqual = difference === 0;
    return { ...areas, standardError, statistic: isEqual ? 0 : NaN, p: isEqual ? 1 : NaN };
  }
  const statistic = difference / standardError;
  return { ...areas, standardError, statistic, p: chiSquareTail(statistic ** 2, 1) };
}

/**
 * Of each positive the share of negatives with a lower score, of each negative the share of positives
 * with a higher one; equal scores count half.
 */
function placements(
  isPositive: readonly boolean[],
  scores: ArrayLike<number>,
): { positives: number[]; negatives: number[] } {
  const rowsOf = (positive: boolean) =>
    isPositive.flatMap((is, row) => is === positive ? [row] : []);
  const [positives, negatives] = [rowsOf(true), rowsOf(false)];
  const all = midranks(isPositive.map((_, row) => scores[row]));
  const within = (rows: readonly number[]) => midranks(rows.map((row) => scores[row]));
  const [amongPositives, amongNegatives] = [within(positives), within(negatives)];
  return {
    positives: positives.map((row, i) => (all[row] - amongPositives[i]) / negatives.length),
    negatives: negatives.map((row, i) => 1 - (all[row] - amongNegatives[i]) / positives.length),
  };
}

/** Ranks from 1; equal values share the mean of their ranks. */
function midranks(values: readonly number[]): Float64Array {
  const order = values.map((_, index) => index).sort((a, b) => values[a] - values[b]);
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let i = start; i < end; i++) ranks[order[i]] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}
