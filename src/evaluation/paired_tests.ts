/** Tests of two models on the same participants or folds. Undefined results are NaN. */
import { mean, standardDeviation } from "./bootstrap.ts";
import { chiSquareTail, fairCoinTail, studentTails } from "./distributions.ts";

/** From so many discordant pairs on, the chi-square distribution is close enough. */
const MANY_DISCORDANT = 25;

interface McNemarResult {
  /** Pairs in which only the first, or only the second, is right. */
  onlyFirst: number;
  onlySecond: number;
  /** Two-sided, of the binomial distribution. */
  exact: number;
  /** (|b − c| − 1)² / (b + c), and its p-value. */
  corrected: { statistic: number; p: number };
  /** The exact one below 25 discordant pairs, else the corrected one. */
  p: number;
  isExact: boolean;
}

/**
 * McNemar's test (1947) of whether two classifiers are right equally often, exact and with Edwards's
 * continuity correction (1948). Both p-values are 1 where neither is right more often.
 *
 * @param first whether the first classifier is right, by participant; `second` likewise
 */
export function mcNemarTest(
  first: readonly boolean[],
  second: readonly boolean[],
): McNemarResult {
  const onlyFirst = first.filter((isRight, i) => isRight && !second[i]).length;
  const onlySecond = second.filter((isRight, i) => isRight && !first[i]).length;
  const discordant = onlyFirst + onlySecond;
  const exact = Math.min(1, 2 * fairCoinTail(Math.min(onlyFirst, onlySecond), discordant));
  const excess = Math.max(0, Math.abs(onlyFirst - onlySecond) - 1);
  const statistic = discordant === 0 ? 0 : excess ** 2 / discordant;
  const corrected = { statistic, p: chiSquareTail(statistic, 1) };
  const isExact = discordant < MANY_DISCORDANT;
  return { onlyFirst, onlySecond, exact, corrected, p: isExact ? exact : corrected.p, isExact };
}

/**
 * Nadeau and Bengio's corrected resampled t-test (2003), two-sided: the scores of folds depend on each
 * other, since their training sets overlap, so the variance of the mean is taken to be
 * (1/k + test/train) s² instead of s²/k. Undefined for fewer than two folds, and where all differences are
 * equal but not 0.
 *
 * @param differences of the two models' scores, by fold
 * @param testToTrain participants in a fold's test set for each one in its training set
 */
export function correctedTTest(
  differences: readonly number[],
  testToTrain: number,
): { statistic: number; p: number } {
  const folds = differences.length;
  const difference = mean(differences);
  const deviation = standardDeviation(differences);
  if (deviation === 0 && difference === 0) return { statistic: 0, p: 1 };
  // Rounding leaves a deviation in differences that are equal.
  if (!(deviation > 1e-12 * Math.abs(difference))) return { statistic: NaN, p: NaN };
  const statistic = difference / (deviation * Math.sqrt(1 / folds + testToTrain));
  return { statistic, p: studentTails(statistic, folds - 1) };
}

/**
 * Holm's adjusted p-values (1979), in the order of `values`: their family-wise error stays below a level
 * if those below it count as significant. Undefined tests (NaN) stay so and count as none.
 */
export function holmAdjusted(values: readonly number[]): number[] {
  const rising = values.map((p, index) => ({ p, index })).filter(({ p }) => !Number.isNaN(p))
    .sort((a, b) => a.p - b.p);
  const adjusted = values.map(() => NaN);
  let largest = 0;
  rising.forEach(({ p, index }, rank) => {
    largest = Math.max(largest, Math.min(1, (rising.length - rank) * p));
    adjusted[index] = largest;
  });
  return adjusted;
}
