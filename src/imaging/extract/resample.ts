/** Brings volumes of any grid and orientation onto one grid. */
import { type Affine, invertAffine, multiplyAffines } from "../nifti/affine.ts";
import { DataError } from "../../errors.ts";
import type { Volume } from "../nifti/nifti.ts";
import { interpolate } from "../resampling/interpolate.ts";
import { scaledVoxels } from "./voxels.ts";

/** A grid along the world axes (right, anterior, superior) about the centre of each image. */
export interface TargetGrid {
  shape: readonly [number, number, number];
  /** Voxel sizes in mm. */
  spacing: readonly [number, number, number];
}

/** Rounding of coordinates that still counts as inside, in voxels. */
const TOLERANCE = 1e-6;

/**
 * The volume on the target grid, by trilinear interpolation; 0 outside the volume.
 *
 * @throws {DataError} when the affine can't be inverted, or a voxel is infinite
 */
export function resample(volume: Volume, grid: TargetGrid, subject: string): Volume {
  const affine = centredGrid(volume, grid);
  const toSource = multiplyAffines(invert(volume.affine, subject), affine);
  const [x, y, z] = volume.shape;
  const source = { data: scaledVoxels(volume, subject), shape: [x, y, z] as const };
  const voxels = interpolate(source, grid.shape, toSource, TOLERANCE);
  return { shape: grid.shape, voxels, slope: 1, intercept: 0, affine, type: "float32" };
}

function invert(affine: Affine, subject: string): Affine {
  try {
    return invertAffine(affine);
  } catch (cause) {
    throw new DataError(subject, "its affine is singular: the grid has no volume", { cause });
  }
}

/** Target voxel indices to world coordinates. */
function centredGrid({ affine, shape }: Volume, grid: TargetGrid): Affine {
  const target = new Float64Array(16);
  for (let row = 0; row < 3; row++) {
    let centre = affine[4 * row + 3];
    for (let axis = 0; axis < 3; axis++) {
      centre += affine[4 * row + axis] * (shape[axis] - 1) / 2;
    }
    target[5 * row] = grid.spacing[row];
    target[4 * row + 3] = centre - grid.spacing[row] * (grid.shape[row] - 1) / 2;
  }
  target[15] = 1;
  return target;
}
