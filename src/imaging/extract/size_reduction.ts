/** ClinicaDL's size reduction: every n-th voxel of a whole image along each axis. */
import { DataError } from "../../errors.ts";
import type { Affine } from "../nifti/affine.ts";

/** First voxel and voxel count that ClinicaDL keeps of the cropped template, by reduction factor. */
const REDUCED_TEMPLATE: Readonly<Record<number, readonly (readonly [number, number])[]>> = {
  2: [[4, 80], [8, 96], [8, 80]],
  3: [[0, 56], [8, 64], [4, 56]],
  4: [[4, 40], [8, 48], [8, 40]],
  5: [[4, 32], [0, 40], [8, 32]],
};
const CROPPED_TEMPLATE = [169, 208, 179];

type Windows = readonly (readonly [first: number, count: number])[];

/**
 * First voxel along each axis, and how many are kept, every `factor`-th: ClinicaDL's window on the
 * cropped template, or the largest that is centred on other grids.
 *
 * @param shape voxels along each axis
 * @throws {DataError} when an axis is too short
 */
function reductionWindows(factor: number, shape: readonly number[]): Windows {
  const isTemplate = CROPPED_TEMPLATE.every((extent, axis) => extent === shape[axis]);
  const windows = isTemplate && REDUCED_TEMPLATE[factor] ||
    shape.map((extent) => {
      const count = Math.floor(extent / factor);
      return [Math.floor((extent - count * factor) / 2), count] as const;
    });
  const short = windows.findIndex(([, count]) => count === 0);
  if (short >= 0) {
    throw new DataError(
      "size_reduction_factor",
      `axis ${short} of the images has too few voxels (${shape[short]}) to be reduced by ${factor}`,
    );
  }
  return windows;
}

/** Voxels that are left along each axis. @throws {DataError} when an axis is too short */
export function reducedShape(factor: number, shape: readonly number[]): number[] {
  return reductionWindows(factor, shape).map(([, count]) => count);
}

/** Whether this is the shape of ClinicaDL's cropped template, reduced: its window fits no other grid. */
export function isReducedTemplate(factor: number, shape: readonly number[]): boolean {
  return reducedShape(factor, CROPPED_TEMPLATE).join() === shape.join();
}

/**
 * The voxels that are left.
 *
 * @param values of an image, the last axis fastest
 * @param shape voxels along its three axes
 * @throws {DataError} when an axis is too short
 */
export function reduceSize(
  values: Float32Array,
  factor: number,
  shape: readonly number[],
): Float32Array<ArrayBuffer> {
  const [[x0, nx], [y0, ny], [z0, nz]] = reductionWindows(factor, shape);
  const [, rows, columns] = shape;
  const reduced = new Float32Array(nx * ny * nz);
  let at = 0;
  for (let x = 0; x < nx; x++) {
    for (let y = 0; y < ny; y++) {
      let from = ((x0 + x * factor) * rows + y0 + y * factor) * columns + z0;
      for (let z = 0; z < nz; z++, from += factor) reduced[at++] = values[from];
    }
  }
  return reduced;
}

/** Affine of the voxels that are left. @throws {DataError} when an axis is too short */
export function reducedAffine(
  affine: Affine,
  factor: number,
  shape: readonly number[],
): Float64Array<ArrayBuffer> {
  const windows = reductionWindows(factor, shape);
  const reduced = Float64Array.from(affine);
  for (const row of [0, 4, 8]) {
    for (let axis = 0; axis < 3; axis++) {
      reduced[row + 3] += affine[row + axis] * windows[axis][0];
      reduced[row + axis] *= factor;
    }
  }
  return reduced;
}
