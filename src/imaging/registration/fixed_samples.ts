/** Points of the fixed image at which a registration compares the two images. */
import { Random } from "../../random.ts";
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
 * Takes a regular grid of samples, or of each `oneOf` successive grid points one at random, by a fixed
 * seed: a plain subgrid would see some planes of the image only.
 *
 * @param centre of rotation, world coordinates in mm
 * @param spacing of the grid in mm, rounded to voxels
 */
export function sampleFixed(
  image: ScalarImage,
  centre: readonly number[],
  spacing: number,
  oneOf: number,
): FixedSamples {
  const { shape: [nx, ny, nz], data, affine } = image;
  const [sx, sy, sz] = spacingOf(affine).map((voxel) => Math.max(1, Math.round(spacing / voxel)));
  const scale = new BinScale(data);
  const random = new Random(0, "registration samples");
  const positions: number[] = [];
  const bins: number[] = [];
  let point = 0;
  let chosen = 0;
  for (let z = sz >> 1; z < nz; z += sz) {
    for (let y = sy >> 1; y < ny; y += sy) {
      for (let x = sx >> 1; x < nx; x += sx) {
        const turn = point++ % oneOf;
        if (turn === 0) chosen = random.integer(oneOf);
        if (turn !== chosen) continue;
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
