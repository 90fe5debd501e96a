/** Images on other grids: through an affine transform, and cropped. */
import { type Affine, invertAffine, multiplyAffines } from "../nifti/affine.ts";
import type { ScalarImage } from "../scalar_image.ts";
import { interpolate } from "./interpolate.ts";

/** ITK counts a voxel's own half width as inside the image. */
const HALF_VOXEL = 0.5;

/**
 * The moving image on a grid: I(x) = M(A⁻¹ T G x) at voxel x of the grid, where G and A take voxels
 * of the grid and of the image to mm. Trilinear, as ITK's linear interpolator and so as
 * `antsApplyTransforms`: an image of n voxels along an axis is known at indices in [-0.5, n - 0.5),
 * its outermost value holds beyond the outermost centres, and outside is 0.
 *
 * @param transform of the grid's mm to the image's mm, 4 by 4
 * @throws {RangeError} when the image's affine is singular
 */
export function resample(
  moving: ScalarImage,
  grid: Pick<ScalarImage, "shape" | "affine">,
  transform: Affine,
): ScalarImage {
  const toMoving = multiplyAffines(
    invertAffine(moving.affine),
    multiplyAffines(transform, grid.affine),
  );
  const data = interpolate(moving, grid.shape, toMoving, HALF_VOXEL);
  return { shape: grid.shape, data, affine: grid.affine };
}

/**
 * The box of `shape` voxels that begins at voxel `start`; every voxel stays where it is in mm.
 *
 * @throws {RangeError} when the box reaches beyond the image
 */
export function crop(
  image: ScalarImage,
  start: readonly [number, number, number],
  shape: [number, number, number],
): ScalarImage {
  const [nx, ny] = image.shape;
  const outside = shape.some((extent, axis) =>
    start[axis] < 0 || extent < 1 || start[axis] + extent > image.shape[axis]
  );
  if (outside) {
    throw new RangeError(
      `${shape.join(" x ")} voxels from (${start.join(", ")}) reach beyond an image of ` +
        image.shape.join(" x "),
    );
  }
  const [tx, ty, tz] = shape;
  const data = new Float32Array(tx * ty * tz);
  for (let z = 0; z < tz; z++) {
    for (let y = 0; y < ty; y++) {
      const from = start[0] + nx * (start[1] + y + ny * (start[2] + z));
      data.set(image.data.subarray(from, from + tx), tx * (y + ty * z));
    }
  }
  return { shape, data, affine: cropAffine(image.affine, start) };
}

/** Voxels to mm of a box that begins at voxel `start` of a grid. */
export function cropAffine(grid: Affine, start: readonly [number, number, number]): Affine {
  const affine = grid.slice();
  for (const row of [0, 4, 8]) {
    for (let axis = 0; axis < 3; axis++) affine[row + 3] += grid[row + axis] * start[axis];
  }
  return affine;
}
