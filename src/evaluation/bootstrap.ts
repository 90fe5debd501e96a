/** Percentile bootstrap that resamples participants, so that repeated rows of one stay together. */
import { Random, streamNumber } from "../random.ts";

export interface BootstrapOptions {
  seed: number;
  /** ClinicaDL's default is 3000. */
  resamples: number;
  /** Level of the intervals, such as 0.95. */
  confidence: number;
}

export interface Interval {
  lower: number;
  upper: number;
  /** Sample standard deviation over the resamples; NaN where a value is infinite. */
  standard_error: number;
  /** Resamples in which the statistic is undefined, which the other fields leave out. */
  undefined_resamples: number;
}

/**
 * Confidence intervals of several statistics at once (Efron and Tibshirani 1993, chapter 13).
 *
 * A resample draws as many participants as there are, with replacement; each row's weight is how
 * often its participant was drawn. Resamples in which a statistic is NaN, such as an AUC of one class,
 * are counted and left out of its interval; the interval is NaN if no resample is left, or if there is a single
 * participant.
 *
 * @param participants `participant_id` of each row
 * @param statistics computes the statistics, by name, from a weight of each row
 */
export function bootstrapIntervals<Name extends string>(
  participants: readonly string[],
  statistics: (weights: Float64Array) => Readonly<Record<Name, number>>,
  { seed, resamples, confidence }: BootstrapOptions,
): Record<Name, Interval> {
  const numbers = new Map<string, number>();
  const participantOf = Uint32Array.from(participants, (id) => {
    const number = numbers.get(id) ?? numbers.size;
    numbers.set(id, number);
    return number;
  });
  const count = numbers.size;
  const drawn = new Float64Array(count);
  const weights = new Float64Array(participants.length);
  const names = Object.keys(statistics(weights.fill(1))) as Name[];
  const values = names.map(() => new Float64Array(resamples));
  const counts = new Uint32Array(names.length);
  const stream = streamNumber("bootstrap");
  for (let resample = 0; resample < resamples && count > 1; resample++) {
    const random = new Random(seed, stream, resample);
    drawn.fill(0);
    for (let i = 0; i < count; i++) drawn[random.integer(count)]++;
    for (let row = 0; row < weights.length; row++) weights[row] = drawn[participantOf[row]];
    const results = statistics(weights);
    for (let i = 0; i < names.length; i++) {
      const value = results[names[i]];
      if (!Number.isNaN(value)) values[i][counts[i]++] = value;
    }
  }
  const drawnResamples = count > 1 ? resamples : 0;
  return Object.fromEntries(
    names.map((name, i): [string, Interval] => [name, {
      ...percentileInterval(values[i].subarray(0, counts[i]), confidence),
      undefined_resamples: drawnResamples - counts[i],
    }]),
  ) as Record<Name, Interval>;
}

function percentileInterval(
  values: Float64Array,
  confidence: number,
): Omit<Interval, "undefined_resamples"> {
  const sorted = values.sort();
  const tail = (1 - confidence) / 2;
  return {
    lower: quantile(sorted, tail),
    upper: quantile(sorted, 1 - tail),
    standard_error: standardDeviation(sorted),
  };
}

/** Linear interpolation between order statistics, as NumPy does by default. */
function quantile(sorted: Float64Array, fraction: number): number {
  if (sorted.length === 0) return NaN;
  const position = fraction * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  // The difference of two infinite values would be NaN.
  if (position === below || sorted[below] === sorted[above]) return sorted[below];
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

/** Sample standard deviation, with n − 1 in the denominator; NaN for fewer than two values. */
export function standardDeviation(values: ArrayLike<number>): number {
  if (values.length < 2) return NaN;
  const average = mean(values);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i] - average) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}

/** Arithmetic mean; NaN of no values. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}
