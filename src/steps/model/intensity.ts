/** Normalisations of intensities: parameters that train steps share, and what they do to values. */
import { z } from "zod";
import { percentilesOf } from "./percentiles.ts";

const percentile = z.number().min(0).max(100);

export const intensityParameters = {
  intensity_normalization: z.enum(["min_max", "z_score", "percentile"]).optional().describe(
    "How `normalize` scales: `min_max` (when absent) to [0, 1]; `z_score` to mean 0 and deviation 1; `percentile` cuts at `normalization_percentiles` and scales to [0, 1]. By each element or image, see `normalization_level`; one without range becomes zeros.",
  ),
  normalization_mask: z.enum(["positive", "above_mean"]).optional().describe(
    "Voxels whose mean and deviation, or percentiles, are taken: those above 0, or above the mean of all; all when absent.",
  ),
  normalization_percentiles: z.tuple([percentile, percentile]).optional().describe(
    "Percentiles that become 0 and 1; 0.5 and 99.5 when absent.",
  ),
  clamp: z.tuple([z.number(), z.number()]).optional().describe(
    "Lowest and highest intensity; others become these before they are normalised.",
  ),
};

/** How the intensities of an element, or of an image, are changed before the network sees them. */
export interface IntensityLoading {
  kind: "min_max" | "z_score" | "percentile";
  mask?: "positive" | "above_mean";
  percentiles: readonly [low: number, high: number];
  clamp?: readonly [low: number, high: number];
}

const PERCENTILES = [0.5, 99.5] as const;

/** @param parameters of a train step, or those that a model's meta records */
export function intensityOf(parameters: { readonly [name: string]: unknown }): IntensityLoading {
  const { intensity_normalization, normalization_mask, normalization_percentiles, clamp } =
    parameters;
  return {
    kind: (intensity_normalization ?? "min_max") as IntensityLoading["kind"],
    ...(normalization_mask !== undefined && {
      mask: normalization_mask as IntensityLoading["mask"],
    }),
    percentiles: (normalization_percentiles ?? PERCENTILES) as IntensityLoading["percentiles"],
    ...(clamp !== undefined && { clamp: clamp as IntensityLoading["clamp"] }),
  };
}

/** Problems of these parameters together. */
export function checkIntensityParameters(
  params: {
    normalize: boolean;
    intensity_normalization?: string;
    normalization_mask?: string;
    normalization_percentiles?: readonly number[];
    clamp?: readonly number[];
  },
): { parameter: string; message: string; suggestion?: string }[] {
  const problems: { parameter: string; message: string; suggestion?: string }[] = [];
  const { normalize, intensity_normalization: kind = "min_max" } = params;
  const given = ["intensity_normalization", "normalization_mask", "normalization_percentiles"]
    .filter((name) => params[name as keyof typeof params] !== undefined);
  if (!normalize) {
    problems.push(...given.map((parameter) => ({
      parameter,
      message: `${parameter} changes nothing, since normalize is false`,
    })));
    return checkBounds(params, problems);
  }
  if (params.normalization_mask !== undefined && kind === "min_max") {
    problems.push({
      parameter: "normalization_mask",
      message: "min_max takes the range of all voxels, not of a mask",
      suggestion: 'set intensity_normalization = "z_score" or "percentile"',
    });
  }
  if (params.normalization_percentiles !== undefined && kind !== "percentile") {
    problems.push({
      parameter: "normalization_percentiles",
      message: `${kind} takes no percentiles`,
      suggestion: 'set intensity_normalization = "percentile"',
    });
  }
  return checkBounds(params, problems);
}

function checkBounds(
  params: { normalization_percentiles?: readonly number[]; clamp?: readonly number[] },
  problems: { parameter: string; message: string; suggestion?: string }[],
) {
  for (const parameter of ["normalization_percentiles", "clamp"] as const) {
    const [low, high] = params[parameter] ?? [0, 1];
    if (low >= high) {
      problems.push({ parameter, message: `${parameter} must list the lower number first` });
    }
  }
  return problems;
}

/** Values cut at the bounds, those of {@link IntensityLoading.clamp}. */
export function clamped(
  values: Float32Array,
  [low, high]: readonly [number, number],
): Float32Array<ArrayBuffer> {
  return mapIntensity(values, { low, high, offset: 0, range: 1 });
}

/** A map of intensities: cut at `low` and `high`, then (x - offset) / range; zeros for a range of 0. */
export interface IntensityMap {
  low: number;
  high: number;
  offset: number;
  range: number;
}

/** The map that normalises these values together. */
export function fitIntensity(
  { kind, mask, percentiles }: IntensityLoading,
  elements: readonly Float32Array[],
): IntensityMap {
  const bounds = { low: -Infinity, high: Infinity };
  if (kind === "min_max") {
    const [low, high] = rangeOf(elements);
    return { ...bounds, offset: low, range: high - low };
  }
  const values = maskedValues(elements, mask);
  if (kind === "z_score") {
    const { mean, deviation } = momentsOf(values);
    return { ...bounds, offset: mean, range: deviation };
  }
  if (values.length === 0) return { ...bounds, offset: 0, range: 0 };
  const [low, high] = percentilesOf(values, percentiles);
  const [least, largest] = rangeOf(elements).map((value) => Math.min(high, Math.max(low, value)));
  return { low, high, offset: least, range: largest - least };
}

/** Applies a map of intensities. */
export function mapIntensity(
  values: Float32Array,
  { low, high, offset, range }: IntensityMap,
): Float32Array<ArrayBuffer> {
  if (!(range > 0)) return new Float32Array(values.length);
  const mapped = new Float32Array(values.length);
  if (low === -Infinity && high === Infinity) {
    for (let i = 0; i < values.length; i++) mapped[i] = (values[i] - offset) / range;
    return mapped;
  }
  for (let i = 0; i < values.length; i++) {
    mapped[i] = (Math.min(high, Math.max(low, values[i])) - offset) / range;
  }
  return mapped;
}

/** Values of all elements where the mask is. */
function maskedValues(
  elements: readonly Float32Array[],
  mask: IntensityLoading["mask"],
): Float32Array {
  if (mask === undefined && elements.length === 1) return elements[0];
  const count = elements.reduce((sum, { length }) => sum + length, 0);
  const all = new Float32Array(count);
  let at = 0;
  for (const values of elements) {
    all.set(values, at);
    at += values.length;
  }
  if (mask === undefined) return all;
  const bound = mask === "positive" ? 0 : momentsOf(all).mean;
  let kept = 0;
  for (let i = 0; i < count; i++) {
    if (all[i] > bound) all[kept++] = all[i];
  }
  return all.subarray(0, kept);
}

/** Mean, and deviation with n - 1 as PyTorch has it; 0 of fewer than two values. */
function momentsOf(values: Float32Array): { mean: number; deviation: number } {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  const mean = values.length > 0 ? sum / values.length : 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const distance = values[i] - mean;
    squares += distance * distance;
  }
  return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}

/** Minimum and maximum of all elements together. */
export function rangeOf(elements: readonly Float32Array[]): [low: number, high: number] {
  let low = Infinity, high = -Infinity;
  for (const values of elements) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return [low, high];
}
