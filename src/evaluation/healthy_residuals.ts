/** Residuals of healthy images voxel by voxel, and others measured by them. */

/** Mean and standard deviation of every voxel over images, by Welford's algorithm in float64. */
export class VoxelStatistics {
  count = 0;
  readonly mean: Float64Array;
  readonly #squares: Float64Array;

  /** @param voxels of an image */
  constructor(voxels: number) {
    this.mean = new Float64Array(voxels);
    this.#squares = new Float64Array(voxels);
  }

  add(values: Float32Array): void {
    this.count++;
    for (let i = 0; i < values.length; i++) {
      const difference = values[i] - this.mean[i];
      this.mean[i] += difference / this.count;
      this.#squares[i] += difference * (values[i] - this.mean[i]);
    }
  }

  /** With n − 1 in the denominator. */
  get sd(): Float64Array {
    return this.#squares.map((squares) => Math.sqrt(squares / (this.count - 1)));
  }
}

/**
 * Measures values by healthy ones: (x − mean) / √(sd² + (share · s)²), s the root mean square of `sd`
 * over voxels; 0 where nothing varies.
 *
 * @param share of s that keeps voxels which hardly vary from dominating
 */
export function normaliser(
  mean: Float64Array,
  sd: Float64Array,
  share: number,
): (values: Float32Array) => Float32Array<ArrayBuffer> {
  const typical = Math.sqrt(sd.reduce((sum, value) => sum + value * value, 0) / sd.length);
  const scale = sd.map((value) => {
    const width = Math.hypot(value, share * typical);
    return width > 0 ? 1 / width : 0;
  });
  return (values) => Float32Array.from(values, (value, i) => (value - mean[i]) * scale[i]);
}

/** Of the voxels of an image, or of a region. */
export interface AnomalyScores {
  /** Mean of the normalised residual where it has the direction; of both, of its magnitude. */
  score: number;
  /** Mean of the normalised residual. */
  mean: number;
  /** Part of the voxels that are beyond the threshold in the direction. */
  share: number;
}

/** @param voxels indices that are scored; all when absent */
export function scoreResiduals(
  map: Float32Array,
  { direction, threshold }: { direction: "both" | "lower" | "higher"; threshold: number },
  voxels?: Uint32Array,
): AnomalyScores {
  const count = voxels?.length ?? map.length;
  let score = 0, sum = 0, beyond = 0;
  for (let i = 0; i < count; i++) {
    const value = map[voxels ? voxels[i] : i];
    const size = direction === "both" ? Math.abs(value) : direction === "lower" ? -value : value;
    sum += value;
    if (size > 0) score += size;
    if (size > threshold) beyond++;
  }
  return { score: score / count, mean: sum / count, share: beyond / count };
}
