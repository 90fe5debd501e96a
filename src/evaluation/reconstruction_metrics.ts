/** Metrics of reconstructions with ClinicaDL's names, of one element by itself. */
import type { RECONSTRUCTION_METRICS } from "./reconstruction_scores.ts";
import { structuralSimilarity } from "./structural_similarity.ts";

export type ReconstructionMetrics = Record<typeof RECONSTRUCTION_METRICS[number], number>;

/**
 * MAE = mean |e|, RMSE = √(mean e²), PSNR = 10 log10(range² / mean e²) in dB, infinite without an error, and
 * SSIM as {@link structuralSimilarity}.
 *
 * The range of an input within [0, 1] is 1, as scikit-image has it; within [-1, 1] it is 2, for PSNR alone;
 * of any other it is the difference of its extremes, where ClinicaDL fails.
 *
 * @param shape [C, H, W] or [C, D, H, W]
 */
export function reconstructionMetrics(
  input: ArrayLike<number>,
  output: ArrayLike<number>,
  shape: readonly number[],
): ReconstructionMetrics {
  const count = shape.reduce((product, size) => product * size);
  let absolute = 0, squared = 0;
  let [least, most] = [Infinity, -Infinity];
  for (let i = 0; i < count; i++) {
    const error = output[i] - input[i];
    absolute += Math.abs(error);
    squared += error * error;
    least = Math.min(least, input[i]);
    most = Math.max(most, input[i]);
  }
  const { signal, contrast } = rangesOf(least, most);
  return {
    MAE: absolute / count,
    RMSE: Math.sqrt(squared / count),
    PSNR: peakRatio(squared / count, signal),
    SSIM: structuralSimilarity(input, output, shape, contrast),
  };
}

/** Ranges of values for PSNR and SSIM, by the extremes of the input. */
function rangesOf(least: number, most: number): { signal: number; contrast: number } {
  if (least < -1 || most > 1) return { signal: most - least, contrast: most - least };
  return { signal: least < 0 ? 2 : 1, contrast: 1 };
}

/** 10 log10(range² / mean squared error). */
function peakRatio(meanSquared: number, range: number): number {
  return 10 * Math.log10(range * range / meanSquared);
}
