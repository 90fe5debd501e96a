/**
 * Where the axes of a volume point: three letters, one an axis, of right or left, anterior or
 * posterior, superior or inferior, such as `RAS` (towards right, anterior, superior) or `PSR`.
 */
import { type Affine, invertAffine, orthogonalFactor } from "./affine.ts";
import type { Volume, Voxels } from "./nifti.ts";

/** The world axis that a voxel axis follows most closely, and whether it points the same way. */
export interface AxisDirection {
  world: 0 | 1 | 2;
  sign: 1 | -1;
}

const LETTERS = ["LR", "PA", "IS"] as const;

/**
 * The direction of each voxel axis, as nibabel's `io_orientation` finds it: by the rotation closest
 * to the affine without its voxel sizes, the axis that is aligned best first.
 *
 * @returns undefined when the affine is singular
 */
export function axisDirections(affine: Affine): AxisDirection[] | undefined {
  const rotation = closestRotation(affine);
  if (rotation === undefined) return undefined;
  const strength = (axis: number) => Math.max(...rotation.map((row) => row[axis] ** 2));
  const directions: AxisDirection[] = [];
  const free = new Set<0 | 1 | 2>([0, 1, 2]);
  for (const axis of [0, 1, 2].sort((a, b) => strength(b) - strength(a))) {
    const world = [...free].reduce((best, row) =>
      Math.abs(rotation[row][axis]) > Math.abs(rotation[best][axis]) ? row : best
    );
    free.delete(world);
    directions[axis] = { world, sign: rotation[world][axis] < 0 ? -1 : 1 };
  }
  return directions;
}

/** Rows of the rotation or reflection that is closest to the affine without its voxel sizes. */
function closestRotation(affine: Affine): number[][] | undefined {
  const matrix = new Float64Array(16);
  for (let axis = 0; axis < 3; axis++) {
    const zoom = Math.hypot(affine[axis], affine[4 + axis], affine[8 + axis]);
    for (const row of [0, 4, 8]) matrix[row + axis] = affine[row + axis] / (zoom || 1);
  }
  matrix[15] = 1;
  const factor = orthogonalFactor(matrix);
  return factor && [0, 4, 8].map((row) => [...factor.subarray(row, row + 3)]);
}

/** Such as `RAS`; undefined when the affine is singular. */
export function orientationOf(affine: Affine): string | undefined {
  return axisDirections(affine)?.map(({ world, sign }) => LETTERS[world][sign < 0 ? 0 : 1])
    .join("");
}

/** The directions that a code such as `PSR` stands for. */
function parseOrientation(code: string): AxisDirection[] {
  return [...code].map((letter) => {
    const world = LETTERS.findIndex((pair) => pair.includes(letter)) as 0 | 1 | 2;
    return { world, sign: LETTERS[world][0] === letter ? -1 : 1 };
  });
}

/** Values of the axes of a volume of this orientation, in the order right, anterior, superior. */
export function inWorldOrder<T>(values: readonly T[], orientation: string): T[] {
  const ordered: T[] = [];
  parseOrientation(orientation).forEach(({ world }, axis) => ordered[world] = values[axis]);
  return ordered;
}

/** Voxel sizes along the three axes, in mm, to a part in a million: headers hold float32. */
export function spacingOf(affine: Affine): [number, number, number] {
  const size = (axis: number) =>
    Number(Math.hypot(affine[axis], affine[4 + axis], affine[8 + axis]).toPrecision(6));
  return [size(0), size(1), size(2)];
}

/** Relative difference of voxel sizes that still counts as none. */
const SPACING_TOLERANCE = 0.01;

export function sameSpacing(a: readonly number[], b: readonly number[]): boolean {
  return a.every((size, axis) =>
    Math.abs(size - b[axis]) <= SPACING_TOLERANCE * Math.max(size, b[axis])
  );
}

/**
 * The same volume with its axes along right, anterior and superior: axes are permuted and flipped,
 * voxels are not interpolated. Oblique volumes stay oblique.
 *
 * @param volume of three axes; itself the result when it is RAS already
 * @returns undefined when its affine is singular
 */
export function toRas(volume: Volume): Volume | undefined {
  const directions = axisDirections(volume.affine);
  if (directions === undefined) return undefined;
  if (directions.every(({ world, sign }, axis) => world === axis && sign === 1)) return volume;
  const strides = [1, volume.shape[0], volume.shape[0] * volume.shape[1]];
  const shape = [0, 0, 0];
  const steps = [0, 0, 0];
  const affine = volume.affine.slice();
  let start = 0;
  directions.forEach(({ world, sign }, axis) => {
    shape[world] = volume.shape[axis];
    steps[world] = sign * strides[axis];
    const last = sign < 0 ? volume.shape[axis] - 1 : 0;
    start += last * strides[axis];
    for (const row of [0, 4, 8]) {
      affine[row + world] = sign * volume.affine[row + axis];
      affine[row + 3] += last * volume.affine[row + axis];
    }
  });
  return { ...volume, shape, affine, voxels: gather(volume.voxels, shape, steps, start) };
}

function gather(
  voxels: Voxels,
  [nx, ny, nz]: readonly number[],
  [dx, dy, dz]: readonly number[],
  start: number,
): Voxels {
  const out = new (voxels.constructor as new (length: number) => Voxels)(nx * ny * nz);
  let to = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0, from = start + z * dz + y * dy; x < nx; x++, from += dx) {
        out[to++] = voxels[from];
      }
    }
  }
  return out;
}

/** Difference of grids, in voxels, that rounding in headers explains. */
const GRID_TOLERANCE = 0.1;

/**
 * How far the corners of two grids of one shape are apart, in voxels of the first.
 *
 * @returns undefined where they are the same grid
 */
export function gridDistance(
  grid: Pick<Volume, "affine" | "shape">,
  other: Pick<Volume, "affine">,
): number | undefined {
  let inverse;
  try {
    inverse = invertAffine(grid.affine);
  } catch {
    // Without a volume of their own, grids are compared in mm.
    inverse = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
  }
  let farthest = 0;
  for (let corner = 0; corner < 8; corner++) {
    const voxel = [0, 1, 2].map((axis) => corner >> axis & 1 ? grid.shape[axis] - 1 : 0);
    // The difference of two world positions: the inverse's offset cancels out.
    const difference = [0, 4, 8].map((row) =>
      [0, 1, 2].reduce(
        (sum, axis) => sum + (other.affine[row + axis] - grid.affine[row + axis]) * voxel[axis],
        other.affine[row + 3] - grid.affine[row + 3],
      )
    );
    for (const row of [0, 4, 8]) {
      const distance = Math.abs(
        [0, 1, 2].reduce((sum, axis) => sum + inverse[row + axis] * difference[axis], 0),
      );
      farthest = Math.max(farthest, distance);
    }
  }
  return farthest > GRID_TOLERANCE ? farthest : undefined;
}
