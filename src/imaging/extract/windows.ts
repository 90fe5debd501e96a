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
