/** Which of many registered heads differ from the others so much that someone should look at them. */
import { type Measure, MEASURES, type RegistrationMeasures } from "./measures.ts";

/**
 * Of fewer heads none is an outlier: their median and MAD are too uncertain, which for up to nine
 * values needs a correction of its own (Croux and Rousseeuw 1992, "Time-efficient algorithms for two
 * highly robust estimators of scale").
 */
export const FEWEST_HEADS = 10;

/**
 * Modified z-scores beyond this are outliers (Iglewicz and Hoaglin 1993, "How to detect and handle
 * outliers"): of normally distributed values one in 2000.
 */
export const OUTLIER_THRESHOLD = 3.5;

/** Compared by their logarithms, since they are never negative and skewed to the right. */
const SKEWED: ReadonlySet<string> = new Set<Measure>(["shear", "field_range"]);

/** The MAD of a normal distribution relative to its standard deviation. */
const NORMAL_MAD = 0.6745;

/**
 * The modified z-score of each value: 0.6745 (x - median) / MAD, with the median absolute deviation from
 * the median. All are 0 where more than half of the values are equal, since the MAD is then 0.
 */
export function robustScores(values: readonly number[]): number[] {
  const centre = median(values);
  const deviation = median(values.map((value) => Math.abs(value - centre)));
  return values.map((value) => deviation > 0 ? NORMAL_MAD * (value - centre) / deviation : 0);
}

/**
 * Why each head is an outlier, such as `correlation 0.31 (z -7.9), scale_z 1.32 (z 4.1)`; empty where
 * it is none. A measure counts on the side that {@link MEASURES} gives it.
 */
export function findOutliers(heads: readonly RegistrationMeasures[]): string[] {
  const reasons = heads.map((): string[] => []);
  if (heads.length < FEWEST_HEADS) return heads.map(() => "");
  for (const [measure, side] of Object.entries(MEASURES)) {
    const values = heads.map((head) => head[measure as Measure]);
    const compared = SKEWED.has(measure) ? values.map(logarithm) : values;
    robustScores(compared).forEach((score, head) => {
      if (!isBeyond(score, side)) return;
      reasons[head].push(
        `${measure} ${Number(values[head].toPrecision(3))} (z ${score.toFixed(1)})`,
      );
    });
  }
  return reasons.map((texts) => texts.join(", "));
}

/** Finite for 0 too. */
function logarithm(value: number): number {
  return Math.log(Math.max(value, Number.MIN_VALUE));
}

function isBeyond(score: number, side: typeof MEASURES[Measure]): boolean {
  switch (side) {
    case "low":
      return score < -OUTLIER_THRESHOLD;
    case "high":
      return score > OUTLIER_THRESHOLD;
    case "both":
      return Math.abs(score) > OUTLIER_THRESHOLD;
    case "none":
      return false;
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
