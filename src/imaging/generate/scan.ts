/** Heads as a scanner stores them, before any preprocessing. */
import type { Random } from "../../random.ts";
import { type Affine, invertAffine, multiplyAffines, type Point } from "../nifti/affine.ts";
import { spacingOf } from "../nifti/orientation.ts";
import type { Anatomy } from "./anatomy.ts";
import { PlacedHead, polynomial, WHITE_MATTER } from "./phantom.ts";
import type { HeadVolume } from "./volume.ts";

/** How a head lies in the scanner, and the grid that its image is stored on. */
export interface Scan {
  shape: [number, number, number];
  /** Voxels of the stored image to mm in the scanner. */
  affine: Affine;
  /** Mm of the template's space, 0 in the middle of its field of view, to mm in the scanner. */
  pose: Affine;
  /** Exponents of the coil's field over 100 mm from the head's centre, as {@link polynomial} takes them. */
  field: readonly number[];
}

/** Extent of an image along right, anterior and superior, mm: a turned head fits in. */
const FIELD_OF_VIEW = [230, 250, 230] as const;

const LARGEST_ANGLE = 30 * Math.PI / 180;
/** From the scanner's origin, mm. */
const LARGEST_SHIFT = 40;
/** Along each axis. */
const SCALES = [0.9, 1.1] as const;
/** Voxel sizes along each axis, relative to those that are asked for. */
const SPACINGS = [0.9, 1.3] as const;

/**
 * Draws a rotation of at most 30 degrees about any axis, a shift of at most 40 mm, scales of 0.9 to 1.1,
 * voxel sizes, the order and direction of the stored axes, and a smooth field.
 *
 * @param voxel edge of the voxels that are asked for, mm
 */
export function drawScan(random: Random, voxel: number): Scan {
  const centre = drawDirection(random).map((part) => LARGEST_SHIFT * random.uniform() * part);
  const rotation = rotationAbout(drawDirection(random), random.uniform(0, LARGEST_ANGLE));
  const scales = [0, 1, 2].map(() => random.uniform(...SCALES));
  const pose = new Float64Array(16);
  for (let row = 0; row < 3; row++) {
    for (let axis = 0; axis < 3; axis++) {
      pose[4 * row + axis] = rotation[3 * row + axis] * scales[axis];
    }
    pose[4 * row + 3] = centre[row];
  }
  pose[15] = 1;
  const shape: [number, number, number] = [0, 0, 0];
  const affine = new Float64Array(16);
  affine[15] = 1;
  random.shuffle([0, 1, 2]).forEach((world, axis) => {
    const step = voxel * random.uniform(...SPACINGS) * (random.integer(2) === 0 ? 1 : -1);
    shape[axis] = Math.round(FIELD_OF_VIEW[world] / Math.abs(step));
    affine[4 * world + axis] = step;
    affine[4 * world + 3] = centre[world] - step * (shape[axis] - 1) / 2;
  });
  const field = Array.from({ length: 9 }, () => random.uniform(-0.15, 0.15));
  return { shape, affine, pose, field };
}

/** Renders a head as it was scanned. @param noise numbers for the noise alone */
export function renderScan(
  anatomy: Anatomy,
  { shape, affine, pose, field }: Scan,
  noise: Random,
): HeadVolume {
  const [nx, ny, nz] = shape;
  const data = new Float32Array(nx * ny * nz);
  const head = new PlacedHead(anatomy, Math.max(...spacingOf(affine)));
  // Voxels to the template's mm, and to the field's 100 mm from the head's centre.
  const p = multiplyAffines(invertAffine(pose), affine);
  const f = affine.map((value) => value / 100);
  for (const row of [3, 7, 11]) f[row] -= pose[row] / 100;
  for (let k = 0, at = 0; k < nz; k++) {
    for (let j = 0; j < ny; j++) {
      for (let i = 0; i < nx; i++, at++) {
        let signal = head.signalAt(
          p[0] * i + p[1] * j + p[2] * k + p[3],
          p[4] * i + p[5] * j + p[6] * k + p[7],
          p[8] * i + p[9] * j + p[10] * k + p[11],
        );
        if (signal > 0) {
          const x = f[0] * i + f[1] * j + f[2] * k + f[3];
          const y = f[4] * i + f[5] * j + f[6] * k + f[7];
          const z = f[8] * i + f[9] * j + f[10] * k + f[11];
          signal *= Math.exp(polynomial(field, x, y, z));
        }
        data[at] = WHITE_MATTER * Math.abs(signal + noise.normal(0, anatomy.noise));
      }
    }
  }
  return { shape, data, affine, integer: true };
}

/** Uniform on the unit sphere. */
function drawDirection(random: Random): Point {
  const z = random.uniform(-1, 1);
  const angle = random.uniform(0, 2 * Math.PI);
  const across = Math.sqrt(1 - z * z);
  return [across * Math.cos(angle), across * Math.sin(angle), z];
}

/** Row-major 3 by 3, by Rodrigues' formula; the angle in radians. */
function rotationAbout([x, y, z]: Point, angle: number): number[] {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const d = 1 - c;
  // deno-fmt-ignore
  return [
    c + x * x * d, x * y * d - z * s, x * z * d + y * s,
    y * x * d + z * s, c + y * y * d, y * z * d - x * s,
    z * x * d - y * s, z * y * d + x * s, c + z * z * d,
  ];
}
