/** Renders T1-weighted heads on a voxel grid, with noise and a bias field. */
import type { Random } from "../../random.ts";
import type { Affine } from "../nifti/affine.ts";
import type { Anatomy } from "./anatomy.ts";
import { HeadPainter } from "./head_painter.ts";
import { rotationMatrix } from "./shapes.ts";
import type { HeadVolume } from "./volume.ts";

/** Extent of ClinicaDL's cropped images, mm. */
const FIELD_OF_VIEW = [169, 208, 179] as const;

/** White matter's brightness in stored units, about that of clinical T1-weighted images. */
export const WHITE_MATTER = 1000;

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
  return { shape: [nx, ny, nz], data, affine: phantomAffine(shape), integer: true };
}

/** Of a grid of cubic voxels whose middle is the origin. */
export function phantomAffine(shape: readonly [number, number, number]): Affine {
  const [nx, ny, nz] = shape;
  const voxel = voxelSize(shape);
  // deno-fmt-ignore
  return Float64Array.of(
    voxel, 0, 0, -voxel * (nx - 1) / 2,
    0, voxel, 0, -voxel * (ny - 1) / 2,
    0, 0, voxel, -voxel * (nz - 1) / 2,
    0, 0, 0, 1,
  );
}

/** Edge of the cubic voxels of a grid that the field of view fits in, mm. */
export function voxelSize(shape: readonly [number, number, number]): number {
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
  const head = new PlacedHead(anatomy, voxel);
  const origin = [(nx - 1) / 2, (ny - 1) / 2, (nz - 1) / 2];
  const z = (k - origin[2]) * voxel;
  for (let j = 0, at = 0; j < ny; j++) {
    const y = (j - origin[1]) * voxel;
    for (let i = 0; i < nx; i++, at++) {
      const signal = head.signalAt((i - origin[0]) * voxel, y, z);
      data[at] = WHITE_MATTER * Math.abs(signal + noise.normal(0, anatomy.noise));
    }
  }
  return data;
}

/** A head where its anatomy's misalignment puts it, under its receive field. */
export class PlacedHead {
  readonly #anatomy: Anatomy;
  readonly #painter: HeadPainter;
  readonly #rotation: readonly number[];

  /** @param voxel edge of the voxels that it is rendered on, mm */
  constructor(anatomy: Anatomy, voxel: number) {
    this.#anatomy = anatomy;
    this.#painter = new HeadPainter(anatomy, voxel);
    this.#rotation = rotationMatrix(anatomy.rotation);
  }

  /** Relative to white matter, 0 in air; the point in mm, 0 in the middle of the field of view. */
  signalAt(px: number, py: number, pz: number): number {
    const { translation, headScale, bias } = this.#anatomy;
    const rotation = this.#rotation;
    const vx = px - translation[0], vy = py - translation[1], vz = pz - translation[2];
    const x = (rotation[0] * vx + rotation[1] * vy + rotation[2] * vz) / headScale[0];
    const y = (rotation[3] * vx + rotation[4] * vy + rotation[5] * vz) / headScale[1];
    const z = (rotation[6] * vx + rotation[7] * vy + rotation[8] * vz) / headScale[2];
    const signal = this.#painter.brightnessAt(x, y, z);
    return signal > 0 ? signal * Math.exp(polynomial(bias, x / 80, y / 100, z / 80)) : signal;
  }
}

/** @param coefficients of x, y, z, x^2, y^2, z^2, xy, yz, xz */
export function polynomial(
  coefficients: readonly number[],
  x: number,
  y: number,
  z: number,
): number {
  const c = coefficients;
  return c[0] * x + c[1] * y + c[2] * z + c[3] * x * x + c[4] * y * y + c[5] * z * z +
    c[6] * x * y + c[7] * y * z + c[8] * x * z;
}
