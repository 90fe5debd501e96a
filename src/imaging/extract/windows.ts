/** Which voxels of a grid the recipes take. */
import { DataError } from "../../errors.ts";
import { range } from "./voxels.ts";

/**
 * Indices of the slices to take.
 *
 * @param shape of the volume, as below
 * @param subject the image, for messages
 * @throws {DataError} when a slice that is named, or any slice at all, is missing
 */
export function sliceIndices(
  recipe: {
    slice_direction: 0 | 1 | 2;
    discarded_slices?: readonly [number, number];
    slices?: readonly number[];
  },
  shape: readonly number[],
  subject: string,
): Int32Array {
  const count = shape[recipe.slice_direction];
  const { slices, discarded_slices: [begin, end] = [0, 0] } = recipe;
  if (slices === undefined) {
    if (begin + end >= count) {
      throw new DataError(
        subject,
        `no slice is left: ${begin} + ${end} are discarded of ${count} along axis ` +
          recipe.slice_direction,
      );
    }
    return range(begin, count - end);
  }
  const outside = slices.find((index) => index < 0 || index >= count);
  if (outside !== undefined) {
    throw new DataError(
      subject,
      `no slice ${outside}: there are ${count} (0 to ${count - 1}) along axis ` +
        recipe.slice_direction,
    );
  }
  return Int32Array.from(slices);
}

/**
 * Where patches begin along each axis: cubes on a regular grid; voxels behind the last are left out.
 *
 * @throws {DataError} when the volume is smaller than a patch
 */
export function patchOrigins(
  { size, stride }: { size: number; stride: number },
  shape: readonly number[],
  subject: string,
): Int32Array[] {
  const tooShort = shape.findIndex((extent) => extent < size);
  if (tooShort >= 0) {
    throw new DataError(
      subject,
      `patches of ${size} voxels do not fit the ${shape[tooShort]} of axis ${tooShort}`,
    );
  }
  return shape.map((extent) => range(0, extent - size + 1, stride));
}

/** First voxel and voxel count that ClinicaDL keeps of the cropped template, by reduction factor. */
const REDUCED_TEMPLATE: Readonly<Record<number, readonly (readonly [number, number])[]>> = {
  2: [[4, 80], [8, 96], [8, 80]],
  3: [[0, 56], [8, 64], [4, 56]],
  4: [[4, 40], [8, 48], [8, 40]],
  5: [[4, 32], [0, 40], [8, 32]],
};
const CROPPED_TEMPLATE = [169, 208, 179];

/**
 * First voxel along each axis, and how many are kept, every `factor`-th: ClinicaDL's window, or one
 * that is centred on other grids.
 *
 * @throws {DataError} when an axis is too short
 */
export function reductionWindows(
  factor: number,
  shape: readonly number[],
  subject: string,
): readonly (readonly [first: number, count: number])[] {
  const isTemplate = CROPPED_TEMPLATE.every((extent, axis) => extent === shape[axis]);
  const windows = isTemplate && REDUCED_TEMPLATE[factor] ||
    shape.map((extent) => {
      const count = Math.floor(extent / factor);
      return [Math.floor((extent - count * factor) / 2), count] as const;
    });
  const short = windows.findIndex(([, count]) => count === 0);
  if (short >= 0) {
    throw new DataError(subject, `axis ${short} has too few voxels to be reduced by ${factor}`);
  }
  return windows;
}
