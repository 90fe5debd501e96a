/** Which images have a bias field that can be estimated. */
import { DataError } from "../../errors.ts";
import type { Affine } from "../nifti/affine.ts";
import type { ScalarImage } from "../scalar_image.ts";
import { SHRINK } from "./shrunk_axis.ts";

/**
 * @param splineDistance in mm
 * @throws {DataError} when a voxel is not finite, all voxels are equal, an axis has fewer voxels than
 * the shrink factor, or voxels are too large for the spline distance
 */
export function checkImage(image: ScalarImage, splineDistance: number, subject: string): void {
  checkVoxels(image.data, subject);
  // Then the padded axis has at least two samples.
  const largest = splineDistance / (2 * SHRINK);
  image.shape.forEach((voxels, axis) => {
    if (voxels < SHRINK) {
      throw new DataError(
        subject,
        `the image has ${voxels} voxels along ${
          "xyz"[axis]
        }, and its bias field needs ${SHRINK}: ` +
          "is it a scout of few slices?",
      );
    }
    const size = voxelSize(image.affine, axis);
    if (!(size > 0 && size <= largest)) {
      throw new DataError(
        subject,
        `the voxels of the image measure ${size} mm along ${
          "xyz"[axis]
        }, and its bias field needs ` +
          `at most ${largest} mm: are the sizes in the header in mm?`,
      );
    }
  });
}

function checkVoxels(data: Float32Array, subject: string): void {
  let constant = true;
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      throw new DataError(subject, `the image has a voxel that is ${data[i]}: replace it by 0`);
    }
    constant &&= data[i] === data[0];
  }
  if (constant) throw new DataError(subject, `every voxel of the image is ${data[0]}`);
}

/** In mm. Seven digits restore the size in the header, a float32, from the columns of the affine. */
export function voxelSize(affine: Affine, axis: number): number {
  return Number(Math.hypot(affine[axis], affine[4 + axis], affine[8 + axis]).toPrecision(7));
}
