/** Left and right half of a head, found in the volume itself. */
import { DataError } from "../../errors.ts";
import type { HeadVolume } from "./volume.ts";

const HISTOGRAM_BINS = 256;

/**
 * Voxels brighter than Otsu's threshold, parted at their mean position from left to right.
 *
 * @returns 1 for the left half, 2 for the right half, 0 elsewhere
 * @throws {DataError} when the volume is constant
 */
export function halfMasks({ shape, data, affine }: HeadVolume, subject: string): Uint8Array {
  const threshold = otsuThreshold(data, subject);
  const [nx, ny, nz] = shape;
  const sideways = (i: number, j: number, k: number) =>
    affine[0] * i + affine[1] * j + affine[2] * k + affine[3];
  let sum = 0, count = 0;
  forEachVoxel(nx, ny, nz, (at, i, j, k) => {
    if (data[at] <= threshold) return;
    sum += sideways(i, j, k);
    count++;
  });
  const middle = sum / count;
  const mask = new Uint8Array(data.length);
  forEachVoxel(nx, ny, nz, (at, i, j, k) => {
    if (data[at] > threshold) mask[at] = sideways(i, j, k) < middle ? 1 : 2;
  });
  return mask;
}

function forEachVoxel(
  nx: number,
  ny: number,
  nz: number,
  visit: (at: number, i: number, j: number, k: number) => void,
): void {
  for (let k = 0, at = 0; k < nz; k++) {
    for (let j = 0; j < ny; j++) {
      for (let i = 0; i < nx; i++, at++) visit(at, i, j, k);
    }
  }
}

/** The threshold that best parts a histogram in two (Otsu 1979). */
function otsuThreshold(data: Float32Array, subject: string): number {
  let low = Infinity, high = -Infinity;
  for (let at = 0; at < data.length; at++) {
    const value = data[at];
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!(high > low)) throw new DataError(subject, "the image is constant: there is no head in it");
  const counts = new Float64Array(HISTOGRAM_BINS);
  const scale = HISTOGRAM_BINS / (high - low);
  for (let at = 0; at < data.length; at++) {
    counts[Math.min(HISTOGRAM_BINS - 1, Math.floor((data[at] - low) * scale))]++;
  }
  const total = counts.reduce((sum, count, bin) => sum + count * bin, 0);
  let below = 0, sumBelow = 0, best = -1, threshold = 0;
  for (let bin = 0; bin < HISTOGRAM_BINS - 1; bin++) {
    below += counts[bin];
    sumBelow += counts[bin] * bin;
    const above = data.length - below;
    if (below === 0 || above === 0) continue;
    const between = below * above * (sumBelow / below - (total - sumBelow) / above) ** 2;
    if (between > best) {
      best = between;
      threshold = bin + 1;
    }
  }
  return low + threshold / scale;
}
