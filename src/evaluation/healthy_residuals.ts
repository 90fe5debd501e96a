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

/** a · output + b with the least squared distance from the input; the input's mean of a constant output. */
export function matchIntensity(
  input: Float32Array,
  output: Float32Array,
): Float32Array<ArrayBuffer> {
  const mean = (values: Float32Array) => values.reduce((a, b) => a + b, 0) / values.length;
  const [x, y] = [mean(input), mean(output)];
  let products = 0, squares = 0;
  for (let i = 0; i < input.length; i++) {
    products += (input[i] - x) * (output[i] - y);
    squares += (output[i] - y) ** 2;
  }
  const factor = squares > 0 ? products / squares : 0;
  return Float32Array.from(output, (value) => x + factor * (value - y));
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
  /** Mean in the direction over the part of voxels where it is largest; of both, of its magnitude. */
  score: number;
  /** Mean of the normalised residual. */
  mean: number;
  /** Part of the voxels that are beyond the threshold in the direction. */
  share: number;
}

export interface ScoreOptions {
  direction: "both" | "lower" | "higher";
  /** Between 0 and 1; at least one voxel is taken. */
  part: number;
  threshold: number;
}

/** @param voxels indices that are scored; all when absent */
export function scoreResiduals(
  map: Float32Array,
  { direction, part, threshold }: ScoreOptions,
  voxels?: Uint32Array,
): AnomalyScores {
  const values = voxels ? Float32Array.from(voxels, (at) => map[at]) : map;
  const sizes = values.map((value) =>
    direction === "both" ? Math.abs(value) : direction === "lower" ? -value : value
  );
  const beyond = sizes.reduce((count, size) => count + Number(size > threshold), 0);
  const taken = Math.max(1, Math.round(part * sizes.length));
  const largest = sizes.sort().subarray(sizes.length - taken);
  return {
    score: largest.reduce((sum, size) => sum + Math.max(0, size), 0) / taken,
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    share: beyond / values.length,
  };
}
