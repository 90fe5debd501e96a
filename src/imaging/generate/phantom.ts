/** Renders T1-weighted heads on a voxel grid, with noise and a bias field. */
import type { Random } from "../../random.ts";
import type { Anatomy } from "./anatomy.ts";
import { HeadPainter } from "./head_painter.ts";
import { rotationMatrix } from "./shapes.ts";
import type { HeadVolume } from "./volume.ts";

/** Extent of ClinicaDL's cropped images, mm. */
const FIELD_OF_VIEW = [169, 208, 179] as const;

/** White matter's brightness in stored units, about that of clinical T1-weighted images. */
const WHITE_MATTER = 1000;

/**
 * Renders a head.
 *
 * @param shape voxels along x, y and z; voxels are cubes, as small as lets the field of view of
 *   169 by 208 by 179 mm fit in the grid
 * @param noise numbers for the noise alone
 */
export function renderPhantom(
  anatomy: Anatomy,
  shape: readonly [number, number, number],
  noise: Random,
): HeadVolume {
  const [nx, ny, nz] = shape;
  const data = new Float32Array(nx * ny * nz);
  for (let k = 0; k < nz; k++) {
    data.set(renderAxialSlice(anatomy, shape, k, noise), k * nx * ny);
  }
  const voxel = voxelSize(shape);
  // deno-fmt-ignore
  const affine = Float64Array.of(
    voxel, 0, 0, -voxel * (nx - 1) / 2,
    0, voxel, 0, -voxel * (ny - 1) / 2,
    0, 0, voxel, -voxel * (nz - 1) / 2,
    0, 0, 0, 1,
  );
  return { shape: [nx, ny, nz], data, affine, integer: true };
}

/** Edge of the voxels of a grid, mm. */
function voxelSize(shape: readonly [number, number, number]): number {
  return Math.max(...FIELD_OF_VIEW.map((extent, axis) => extent / shape[axis]));
}

/**
 * Renders one slice of a head: rows along y of values along x.
 *
 * @param shape of the grid, as in {@link renderPhantom}
 * @param k the slice's place along z, from 0
 * @param noise numbers for the noise alone
 */
export function renderAxialSlice(
  anatomy: Anatomy,
  shape: readonly [number, number, number],
  k: number,
  noise: Random,
): Float32Array<ArrayBuffer> {
  const [nx, ny, nz] = shape;
  const voxel = voxelSize(shape);
  const data = new Float32Array(nx * ny);
  const painter = new HeadPainter(anatomy, voxel);
  const rotation = rotationMatrix(anatomy.rotation);
  const bias = anatomy.bias;
  const origin = [(nx - 1) / 2, (ny - 1) / 2, (nz - 1) / 2];
  const sigma = anatomy.noise;
  for (let j = 0, at = 0; j < ny; j++) {
    for (let i = 0; i < nx; i++, at++) {
      const vx = (i - origin[0]) * voxel - anatomy.translation[0];
      const vy = (j - origin[1]) * voxel - anatomy.translation[1];
      const vz = (k - origin[2]) * voxel - anatomy.translation[2];
      const x = (rotation[0] * vx + rotation[1] * vy + rotation[2] * vz) / anatomy.headScale[0];
      const y = (rotation[3] * vx + rotation[4] * vy + rotation[5] * vz) / anatomy.headScale[1];
      const z = (rotation[6] * vx + rotation[7] * vy + rotation[8] * vz) / anatomy.headScale[2];
      let signal = painter.brightnessAt(x, y, z);
      if (signal > 0) {
        const bx = x / 80, by = y / 100, bz = z / 80;
        signal *= Math.exp(
          bias[0] * bx + bias[1] * by + bias[2] * bz + bias[3] * bx * bx + bias[4] * by * by +
            bias[5] * bz * bz + bias[6] * bx * by + bias[7] * by * bz + bias[8] * bx * bz,
        );
      }
      data[at] = WHITE_MATTER * Math.abs(signal + noise.normal(0, sigma));
    }
  }
  return data;
}
