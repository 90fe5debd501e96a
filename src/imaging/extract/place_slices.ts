/** Slices back into the volume that they were cut from. */
import type { Axis } from "./extraction.ts";

/**
 * The inverse of cutting: voxels of a volume (first axis fastest), zero where there is no slice.
 *
 * @param slices [elements][rows][columns], as `extract` gives them
 * @param elements index of each slice along `direction`
 * @param grid voxels of the volume along its three axes
 * @throws {RangeError} when slices are not of this volume
 */
export function placeSlices(
  slices: Float32Array,
  elements: ArrayLike<number>,
  direction: Axis,
  grid: readonly number[],
): Float32Array<ArrayBuffer> {
  const [row, column] = [0, 1, 2].filter((axis) => axis !== direction);
  const [rows, columns] = [grid[row], grid[column]];
  if (slices.length !== elements.length * rows * columns) {
    throw new RangeError(
      `${slices.length} values are not ${elements.length} of ${rows}x${columns}`,
    );
  }
  const strides = [1, grid[0], grid[0] * grid[1]];
  const volume = new Float32Array(grid[0] * grid[1] * grid[2]);
  for (let e = 0; e < elements.length; e++) {
    if (!(elements[e] >= 0 && elements[e] < grid[direction])) {
      throw new RangeError(`there is no slice ${elements[e]} among ${grid[direction]}`);
    }
    for (let r = 0; r < rows; r++) {
      const to = elements[e] * strides[direction] + r * strides[row];
      const from = (e * rows + r) * columns;
      for (let c = 0; c < columns; c++) volume[to + c * strides[column]] = slices[from + c];
    }
  }
  return volume;
}
