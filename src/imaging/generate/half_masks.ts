/** Left and right half of a head, found in the volume itself. */
import { DataError } from "../../errors.ts";
import { otsuThreshold } from "../otsu.ts";
import type { HeadVolume } from "./volume.ts";

/**
 * Voxels brighter than Otsu's threshold, parted at their mean position from left to right.
 *
 * @returns 1 for the left half, 2 for the right half, 0 elsewhere
 * @throws {DataError} when the volume is constant
 */
export function halfMasks({ shape, data, affine }: HeadVolume, subject: string): Uint8Array {
  const threshold = otsuThreshold(data);
  if (threshold === undefined) {
    throw new DataError(subject, "the image is constant: there is no head in it");
  }
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
