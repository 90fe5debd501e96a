/** What an affine does to a head, in numbers that people can judge. */
import {
  type Affine,
  multiplyAffines,
  orthogonalFactor,
  type Point,
  transformPoint,
} from "../nifti/affine.ts";

export interface AffineParts {
  /** Stretch along right, anterior and superior; 1.1: the head is 10 % larger than the template. */
  scale: readonly [number, number, number];
  /** The largest cosine of an angle that was right and is so no more; 0 without shear. */
  shear: number;
  /** Angle of the rotation about its axis, degrees from 0 to 180. */
  rotation: number;
  /** Distance between a point and where the affine maps it, mm. */
  shift: number;
}

/**
 * The parts of an affine M x + t by the polar decomposition M = Q P (Shoemake and Duff 1992, "Matrix
 * animation and polar decomposition"). Q is the rotation closest to M; P is symmetric and has the
 * stretches along the axes on its diagonal. Unlike Euler angles and a QR decomposition, these parts do
 * not depend on the order of the axes.
 *
 * @param affine world mm of the template to world mm of the head
 * @param centre the point whose shift is measured, since that of the origin depends on where
 *   the template has it
 * @throws {RangeError} when the affine is singular or mirrors
 */
export function affineParts(affine: Affine, centre: Point): AffineParts {
  const rotation = orthogonalFactor(affine);
  if (rotation === undefined) throw new RangeError("the affine is singular");
  const stretch = multiplyAffines(transpose(rotation), affine);
  const scale: [number, number, number] = [stretch[0], stretch[5], stretch[10]];
  if (determinant(rotation) < 0) throw new RangeError("the affine mirrors the head");
  const trace = rotation[0] + rotation[5] + rotation[10];
  const moved = transformPoint(affine, centre);
  return {
    scale,
    shear: largestShear(affine),
    rotation: Math.acos(Math.min(1, Math.max(-1, (trace - 1) / 2))) * 180 / Math.PI,
    shift: Math.hypot(...moved.map((value, axis) => value - centre[axis])),
  };
}

/** Columns are where the axes point to after the affine. */
function largestShear(m: Affine): number {
  const cosine = (a: number, b: number) => {
    const [first, second] = [a, b].map((axis) => [m[axis], m[4 + axis], m[8 + axis]]);
    const product = first.reduce((sum, value, i) => sum + value * second[i], 0);
    return Math.abs(product) / (Math.hypot(...first) * Math.hypot(...second));
  };
  return Math.max(cosine(0, 1), cosine(0, 2), cosine(1, 2));
}

/** Of the upper left 3x3 block. */
function transpose(m: Affine): Affine {
  // deno-fmt-ignore
  return Float64Array.of(
    m[0], m[4], m[8], 0,
    m[1], m[5], m[9], 0,
    m[2], m[6], m[10], 0,
    0, 0, 0, 1,
  );
}

function determinant(m: Affine): number {
  return m[0] * (m[5] * m[10] - m[6] * m[9]) - m[1] * (m[4] * m[10] - m[6] * m[8]) +
    m[2] * (m[4] * m[9] - m[5] * m[8]);
}
