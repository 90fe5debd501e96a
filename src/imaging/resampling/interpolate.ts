/** Trilinear interpolation of one grid at the voxels of another. */
import type { Affine } from "../nifti/affine.ts";

type Shape = readonly [number, number, number];

/** A grid of voxels in memory, the first axis fastest. */
export interface Grid {
  data: Float32Array;
  shape: Shape;
}

/**
 * Values of `source` at every voxel of a grid of `shape`. A position counts as inside along an axis of
 * n voxels when its index is in [-margin, n - 1 + margin); between the outermost centres and that border
 * the outermost value holds. Outside is 0.
 *
 * @param toSource indices of the new grid to (fractional) indices of the source
 * @param margin in voxels of the source
 */
export function interpolate(
  source: Grid,
  shape: Shape,
  toSource: Affine,
  margin: number,
): Float32Array<ArrayBuffer> {
  const [nx, ny, nz] = source.shape;
  const [tx, ty, tz] = shape;
  const m = toSource;
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
          x < -margin || y < -margin || z < -margin ||
          x >= last[0] + margin || y >= last[1] + margin || z >= last[2] + margin
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
        const low = bilinear(source.data, base, dx, dy, u, v);
        const high = bilinear(source.data, base + dz, dx, dy, u, v);
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
