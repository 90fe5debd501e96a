/** Points of the fixed image at which a registration compares the two images. */
import { spacingOf } from "../nifti/orientation.ts";
import type { ScalarImage } from "../scalar_image.ts";
import { BinScale, FIRST_BIN, LAST_BIN } from "./bins.ts";

export interface FixedSamples {
  count: number;
  /** x, y, z of one sample after another: mm from the centre of rotation. */
  positions: Float32Array;
  /** Intensity bin of each sample. */
  bins: Uint8Array;
}

/**
 * Takes every n-th point of a regular grid, in the order of the voxels: ANTs' regular sampling without
 * its jitter.
 *
 * @param centre of rotation, world coordinates in mm
 * @param spacing of the grid in mm, rounded to voxels
 * @param every n
 */
export function sampleFixed(
  image: ScalarImage,
  centre: readonly number[],
  spacing: number,
  every: number,
): FixedSamples {
  const { shape: [nx, ny, nz], data, affine } = image;
  const [sx, sy, sz] = spacingOf(affine).map((voxel) => Math.max(1, Math.round(spacing / voxel)));
  const scale = new BinScale(data);
  const positions: number[] = [];
  const bins: number[] = [];
  let point = 0;
  for (let z = sz >> 1; z < nz; z += sz) {
    for (let y = sy >> 1; y < ny; y += sy) {
      for (let x = sx >> 1; x < nx; x += sx) {
        if (point++ % every !== 0) continue;
        for (const [axis, row] of [0, 4, 8].entries()) {
          positions.push(
            affine[row] * x + affine[row + 1] * y + affine[row + 2] * z + affine[row + 3] -
              centre[axis],
          );
        }
        const bin = Math.floor(scale.binOf(data[x + nx * (y + ny * z)]));
        bins.push(Math.min(LAST_BIN, Math.max(FIRST_BIN, bin)));
      }
    }
  }
  return {
    count: bins.length,
    positions: Float32Array.from(positions),
    bins: Uint8Array.from(bins),
  };
}
