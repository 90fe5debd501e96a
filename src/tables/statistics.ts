/** Tests of whether two groups are alike. */
import { chiSquareTail, studentTails } from "../evaluation/distributions.ts";

export interface TestResult {
  statistic: number;
  /** 1 where the groups can't differ: no variance, one category. NaN when data are too few. */
  p: number;
}

/**
 * Student's two-sided t-test of two independent samples with equal variances; missing values (NaN)
 * are left out. (Student 1908; the pooled form of `scipy.stats.ttest_ind`.)
 */
export function tTest(a: readonly number[], b: readonly number[]): TestResult {
  return tTestOf(moments(a), moments(b));
}

export interface Moments {
  count: number;
  mean: number;
  /** Sum of squared deviations from the mean. */
  squares: number;
}

/** Count, mean and squared deviations in two passes, NaN left out. */
export function moments(values: Iterable<number>): Moments {
  const present: number[] = [];
  let sum = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    present.push(value);
    sum += value;
  }
  const mean = sum / present.length;
  let squares = 0;
  for (const value of present) squares += (value - mean) ** 2;
  return { count: present.length, mean, squares };
}

export function tTestOf(a: Moments, b: Moments): TestResult {
  const degreesOfFreedom = a.count + b.count - 2;
  if (a.count === 0 || b.count === 0 || degreesOfFreedom < 1) return { statistic: NaN, p: NaN };
  const variance = (a.squares + b.squares) / degreesOfFreedom;
  const difference = a.mean - b.mean;
  if (variance === 0) {
    return difference === 0
      ? { statistic: 0, p: 1 }
      : { statistic: difference > 0 ? Infinity : -Infinity, p: 0 };
  }
  const statistic = difference / Math.sqrt(variance * (1 / a.count + 1 / b.count));
  return { statistic, p: studentTails(statistic, degreesOfFreedom) };
}

/**
 * Pearson's chi-square test of homogeneity on counts, without continuity correction.
 *
 * @param counts one row a group, one column a category; empty columns are left out
 */
export function chiSquareTest(counts: readonly (readonly number[])[]): TestResult {
  const categories = (counts[0] ?? []).map((_, j) => j).filter((j) =>
    counts.some((row) => row[j] > 0)
  );
  const rowSums = counts.map((row) => categories.reduce((sum, j) => sum + row[j], 0));
  const total = rowSums.reduce((sum, count) => sum + count, 0);
  if (rowSums.some((sum) => sum === 0)) return { statistic: NaN, p: NaN };
  if (categories.length < 2) return { statistic: 0, p: 1 };
  let statistic = 0;
  for (const j of categories) {
    const columnSum = counts.reduce((sum, row) => sum + row[j], 0);
    counts.forEach((row, i) => {
      const expected = rowSums[i] * columnSum / total;
      statistic += (row[j] - expected) ** 2 / expected;
    });
  }
  return { statistic, p: chiSquareTail(statistic, (counts.length - 1) * (categories.length - 1)) };
}
