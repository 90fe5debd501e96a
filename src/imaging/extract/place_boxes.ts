/** Boxes of voxels back into the volume that they were cut from. */

/** Voxels of a patch, of a region, or of a whole volume. */
export interface Box {
  /** Indices of its first voxel in the volume. */
  origin: readonly number[];
  /** Voxels along the three axes. */
  shape: readonly number[];
  /** The last axis varies fastest. */
  values: Float32Array;
}

/**
 * Voxels of a volume (first axis fastest): means where boxes overlap, zero where there is none.
 *
 * @param grid voxels of the volume along its three axes
 * @throws {RangeError} when a box is not within the volume
 */
export function placeBoxes(
  boxes: readonly Box[],
  grid: readonly number[],
): Float32Array<ArrayBuffer> {
  const voxels = grid[0] * grid[1] * grid[2];
  const sums = new Float64Array(voxels);
  const counts = new Uint32Array(voxels);
  for (const { origin: [x0, y0, z0], shape, values } of boxes) {
    const [nx, ny, nz] = shape;
    const fits = [x0, y0, z0].every((first, axis) =>
      first >= 0 && first + shape[axis] <= grid[axis]
    );
    if (!fits || values.length !== nx * ny * nz) {
      throw new RangeError(
        `${values.length} voxels of ${shape.join("x")} at ${x0}, ${y0}, ${z0} are not within ` +
          grid.join("x"),
      );
    }
    let from = 0;
    for (let x = 0; x < nx; x++) {
      for (let y = 0; y < ny; y++) {
        let to = x0 + x + grid[0] * (y0 + y + grid[1] * z0);
        for (let z = 0; z < nz; z++, to += grid[0] * grid[1]) {
          sums[to] += values[from++];
          counts[to]++;
        }
      }
    }
  }
  return Float32Array.from(sums, (sum, i) => counts[i] > 1 ? sum / counts[i] : sum);
}
