/** Brings volumes of any grid and orientation onto one grid. */
import { type Affine, invertAffine, multiplyAffines } from "../nifti/affine.ts";
import { DataError } from "../../errors.ts";
import type { Volume } from "../nifti/nifti.ts";
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
  const voxels = interpolate(scaledVoxels(volume, subject), volume.shape, grid.shape, toSource);
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

/** @param m target voxel indices to source voxel indices */
function interpolate(
  source: Float32Array,
  [nx, ny, nz]: readonly number[],
  [tx, ty, tz]: readonly number[],
  m: Affine,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(tx * ty * tz);
  // Neighbours above the last voxel have weight 0; stepping by 0 keeps them inside the array.
  const last = [nx - 1, ny - 1, nz - 1];
  const plane = nx * ny;
  let at = 0;
  for (let k = 0; k < tz; k++) {
    for (let j = 0; j < ty; j++) {
      for (let i = 0; i < tx; i++, at++) {
        const x = m[0] * i + m[1] * j + m[2] * k + m[3];
        const y = m[4] * i + m[5] * j + m[6] * k + m[7];
        const z = m[8] * i + m[9] * j + m[10] * k + m[11];
        if (
          x < -TOLERANCE || y < -TOLERANCE || z < -TOLERANCE ||
          x > last[0] + TOLERANCE || y > last[1] + TOLERANCE || z > last[2] + TOLERANCE
        ) continue;
        const x0 = Math.max(0, Math.floor(x));
        const y0 = Math.max(0, Math.floor(y));
        const z0 = Math.max(0, Math.floor(z));
        const u = Math.max(0, x - x0);
        const v = Math.max(0, y - y0);
        const w = Math.max(0, z - z0);
        const dx = x0 < last[0] ? 1 : 0;
        const dy = y0 < last[1] ? nx : 0;
        const dz = z0 < last[2] ? plane : 0;
        const base = x0 + nx * y0 + plane * z0;
        const low = bilinear(source, base, dx, dy, u, v);
        const high = bilinear(source, base + dz, dx, dy, u, v);
        out[at] = low + w * (high - low);
      }
    }
  }
  return out;
}

function bilinear(
  source: Float32Array,
  base: number,
  dx: number,
  dy: number,
  u: number,
  v: number,
): number {
  const front = source[base] + u * (source[base + dx] - source[base]);
  const back = source[base + dy] + u * (source[base + dy + dx] - source[base + dy]);
  return front + v * (back - front);
}
