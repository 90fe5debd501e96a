/**
 * Correction of the smooth, multiplicative field of intensity that the coils of a scanner leave: N4,
 * after Tustison et al., "N4ITK: improved N3 bias correction", IEEE TMI 29(6), 2010, as ANTs computes
 * it on images without a mask.
 *
 * Model: measured = true · field, so log measured = log true + log field. The log field is a surface of
 * cubic B-splines. Each iteration sharpens the histogram of the corrected log intensities
 * (`sharpening.ts`), fits the surface to what that removed (`spline_fit.ts`) and adds the fit to the
 * field (`log_field.ts`). The knots start at the spline distance; each level halves their distance and
 * keeps the field that was found so far. The field is estimated on every fourth voxel along each axis
 * (`shrunk_axis.ts`) and evaluated on every voxel.
 *
 * As in ANTs, voxels that are not positive take part, with their own value in place of a logarithm:
 * 0 for background.
 */
import type { ScalarImage } from "../scalar_image.ts";
import { checkImage, voxelSize } from "./check_image.ts";
import { evaluateRows } from "./lattice.ts";
import { estimateLogField } from "./log_field.ts";
import { shrinkAxis } from "./shrunk_axis.ts";
import { splineBasis } from "./spline_basis.ts";

export interface BiasFieldOptions {
  /** Distance of the knots on the first level in mm. */
  splineDistance: number;
  /** The image's name in error messages. */
  subject?: string;
  /** Called after each iteration with the number done and the number of all; may throw to stop. */
  onProgress?: (done: number, all: number) => void;
}

export interface CorrectedImage {
  /** Measured / field. */
  corrected: ScalarImage;
  /** Multiplicative, around 1, on the grid of the image. */
  field: ScalarImage;
}

/**
 * Estimates the bias field of an image and divides the image by it.
 *
 * @throws {DataError} when a voxel is not finite, all voxels are equal, an axis has fewer than four
 * voxels, or voxels are too large for the spline distance
 */
export function correctBiasField(image: ScalarImage, options: BiasFieldOptions): CorrectedImage {
  const { splineDistance, subject = "the image", onProgress } = options;
  checkImage(image, splineDistance, subject);
  const axes = image.shape.map((voxels, axis) =>
    shrinkAxis(voxels, voxelSize(image.affine, axis), splineDistance)
  );
  const logField = estimateLogField(image, axes, onProgress);
  const bases = axes.map(({ voxelPositions }, axis) =>
    splineBasis(voxelPositions, logField.shape[axis] - 3)
  );
  const corrected = new Float32Array(image.data.length);
  const field = new Float32Array(image.data.length);
  evaluateRows(logField, bases, (row, start) => {
    for (let i = 0, at = start; i < row.length; i++, at++) {
      field[at] = Math.exp(row[i]);
      corrected[at] = image.data[at] / field[at];
    }
  });
  return { corrected: { ...image, data: corrected }, field: { ...image, data: field } };
}
