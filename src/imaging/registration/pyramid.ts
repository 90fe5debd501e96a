/** One image at three resolutions, for registration from coarse to fine. */
import { blurAxis } from "../generate/blur.ts";
import { spacingOf } from "../nifti/orientation.ts";
import type { ScalarImage } from "../scalar_image.ts";

/** Each resolution is smoothed so far that samples of its registration level miss nothing. */
export interface Pyramid {
  /** Voxels of about 4 mm, Gaussian of sigma 3.5 mm. */
  coarse: ScalarImage;
  /** Voxels of about 2 mm, Gaussian of sigma 2 mm. */
  middle: ScalarImage;
  /** The image's own voxels, Gaussian of sigma 1 voxel, as in the last level of ANTs that iterates. */
  fine: ScalarImage;
}

export function buildPyramid(image: ScalarImage): Pyramid {
  const middle = averageBlocks(image, 2);
  const coarse = averageBlocks(middle, 4);
  return {
    coarse: blur(coarse, spacingOf(coarse.affine).map((spacing) => 3.5 / spacing)),
    middle: blur(middle, spacingOf(middle.affine).map((spacing) => 2 / spacing)),
    fine: blur(image, [1, 1, 1]),
  };
}

/** @param sigmas in voxels, one an axis */
function blur(image: ScalarImage, sigmas: readonly number[]): ScalarImage {
  const data = sigmas.reduce(
    (blurred, sigma, axis) => blurAxis(blurred, image.shape, axis, sigma),
    image.data,
  );
  return { ...image, data };
}

/**
 * Means over blocks of voxels that are as close to cubes of `size` mm as voxels fit; voxels at the end
 * of an axis that fill no block are left out.
 */
export function averageBlocks(image: ScalarImage, size: number): ScalarImage {
  const factors = spacingOf(image.affine).map((spacing, axis) =>
    Math.min(image.shape[axis], Math.max(1, Math.round(size / spacing)))
  );
  const voxelsPerBlock = factors[0] * factors[1] * factors[2];
  if (voxelsPerBlock === 1) return image;
  const [fx, fy, fz] = factors;
  const [nx, ny] = image.shape;
  const [bx, by, bz] = image.shape.map((extent, axis) => Math.floor(extent / factors[axis]));
  const data = new Float32Array(bx * by * bz);
  const row = new Float64Array(bx);
  for (let z = 0, at = 0; z < bz; z++) {
    for (let y = 0; y < by; y++, at += bx) {
      row.fill(0);
      for (let k = z * fz; k < (z + 1) * fz; k++) {
        for (let j = y * fy; j < (y + 1) * fy; j++) {
          for (let x = 0, from = nx * (j + ny * k); x < bx; x++) {
            for (let i = 0; i < fx; i++) row[x] += image.data[from++];
          }
        }
      }
      for (let x = 0; x < bx; x++) data[at + x] = row[x] / voxelsPerBlock;
    }
  }
  const affine = image.affine.slice();
  for (const offset of [0, 4, 8]) {
    for (let axis = 0; axis < 3; axis++) {
      affine[offset + 3] += image.affine[offset + axis] * (factors[axis] - 1) / 2;
      affine[offset + axis] *= factors[axis];
    }
  }
  return { shape: [bx, by, bz], data, affine };
}
