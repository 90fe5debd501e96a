/** Voxel-to-world matrices: 4x4, row-major, world axes R, A, S in the header's unit (mm). */

export type Affine = Float64Array;

/** Three coordinates, of a voxel or in mm. */
export type Point = readonly [number, number, number];

/** A rotation as a unit quaternion and the sign of the third axis (NIfTI's `qfac`). */
export interface QuaternionTransform {
  /** b, c, d of the unit quaternion a + bi + cj + dk with a >= 0. */
  quaternion: readonly [number, number, number];
  /** Voxel sizes, positive. */
  zooms: readonly [number, number, number];
  /** World coordinates of voxel (0, 0, 0). */
  offset: readonly [number, number, number];
  qfac: 1 | -1;
}

/** A quaternion of this distance from length 1 (squared) is a half turn, as in nibabel. */
const HALF_TURN_TOLERANCE = 3 * 2 ** -23;

/**
 * Matrix of a quaternion transform, nifti1.h method 2. A quaternion that is as long as 1 within its
 * precision, or longer, gets a = 0 and is normalised, as nibabel does.
 */
export function quaternionAffine(transform: QuaternionTransform): Affine {
  const { zooms, offset, qfac } = transform;
  let [b, c, d] = transform.quaternion;
  const square = 1 - (b * b + c * c + d * d);
  let a = square < HALF_TURN_TOLERANCE ? 0 : Math.sqrt(square);
  const norm = Math.hypot(a, b, c, d);
  [a, b, c, d] = [a / norm, b / norm, c / norm, d / norm];
  const [x, y, z] = [zooms[0], zooms[1], zooms[2] * qfac];
  // deno-fmt-ignore
  return Float64Array.of(
    (a*a + b*b - c*c - d*d) * x, 2 * (b*c - a*d) * y, 2 * (b*d + a*c) * z, offset[0],
    2 * (b*c + a*d) * x, (a*a + c*c - b*b - d*d) * y, 2 * (c*d - a*b) * z, offset[1],
    2 * (b*d - a*c) * x, 2 * (c*d + a*b) * y, (a*a + d*d - b*b - c*c) * z, offset[2],
    0, 0, 0, 1,
  );
}

/** The quaternion transform equal to a matrix, or undefined if the matrix has shears. */
export function affineQuaternion(affine: Affine): QuaternionTransform | undefined {
  const columns = [0, 1, 2].map((j) => [affine[j], affine[4 + j], affine[8 + j]]);
  const zooms = columns.map((column) => Math.hypot(...column));
  if (zooms.some((zoom) => !(zoom > 0))) return undefined;
  // r[i][j]: row i, column j of the rotation.
  const r = [0, 1, 2].map((i) => columns.map((column, j) => column[i] / zooms[j]));
  const determinant = r[0][0] * (r[1][1] * r[2][2] - r[1][2] * r[2][1]) -
    r[0][1] * (r[1][0] * r[2][2] - r[1][2] * r[2][0]) +
    r[0][2] * (r[1][0] * r[2][1] - r[1][1] * r[2][0]);
  if (Math.abs(Math.abs(determinant) - 1) > 1e-5) return undefined;
  const qfac = determinant < 0 ? -1 : 1;
  for (const row of r) row[2] *= qfac;
  const [b, c, d] = rotationQuaternion(r);
  return {
    quaternion: [b, c, d],
    zooms: [zooms[0], zooms[1], zooms[2]],
    offset: [affine[3], affine[7], affine[11]],
    qfac,
  };
}

/** b, c, d of a proper rotation, taking the square root of the largest component (nifti1_io). */
function rotationQuaternion(r: number[][]): number[] {
  const trace = r[0][0] + r[1][1] + r[2][2];
  // Four times the squares of a, b, c, d.
  const squares = [1 + trace, ...[0, 1, 2].map((i) => 1 + 2 * r[i][i] - trace)];
  const largest = squares.indexOf(Math.max(...squares));
  const root = Math.sqrt(squares[largest]);
  // Products 4xy of the largest component x with every component y.
  const products = [
    [squares[0], r[2][1] - r[1][2], r[0][2] - r[2][0], r[1][0] - r[0][1]],
    [r[2][1] - r[1][2], squares[1], r[0][1] + r[1][0], r[0][2] + r[2][0]],
    [r[0][2] - r[2][0], r[0][1] + r[1][0], squares[2], r[1][2] + r[2][1]],
    [r[1][0] - r[0][1], r[0][2] + r[2][0], r[1][2] + r[2][1], squares[3]],
  ][largest];
  const sign = products[0] < 0 ? -1 : 1;
  return products.slice(1).map((product) => sign * product / root / 2);
}

/**
 * Matrix of a header without a transform: voxel sizes, the first axis pointing left, and the
 * centre of the grid at the origin (nibabel's base affine).
 */
export function centredAffine(shape: readonly number[], zooms: readonly number[]): Affine {
  const affine = new Float64Array(16);
  for (let axis = 0; axis < 3; axis++) {
    const size = axis < shape.length ? zooms[axis] : 1;
    const step = axis === 0 ? -size : size;
    affine[5 * axis] = step;
    affine[4 * axis + 3] = -step * ((shape[axis] ?? 1) - 1) / 2;
  }
  affine[15] = 1;
  return affine;
}

/** @throws {RangeError} when the matrix is singular */
export function invertAffine(m: Affine): Affine {
  // Cofactors of the upper left 3x3 block.
  const c00 = m[5] * m[10] - m[6] * m[9];
  const c01 = m[6] * m[8] - m[4] * m[10];
  const c02 = m[4] * m[9] - m[5] * m[8];
  const determinant = m[0] * c00 + m[1] * c01 + m[2] * c02;
  if (!(Math.abs(determinant) > 1e-12)) throw new RangeError("the affine is singular");
  const scale = 1 / determinant;
  const inverse = new Float64Array(16);
  inverse[0] = c00 * scale;
  inverse[1] = (m[2] * m[9] - m[1] * m[10]) * scale;
  inverse[2] = (m[1] * m[6] - m[2] * m[5]) * scale;
  inverse[4] = c01 * scale;
  inverse[5] = (m[0] * m[10] - m[2] * m[8]) * scale;
  inverse[6] = (m[2] * m[4] - m[0] * m[6]) * scale;
  inverse[8] = c02 * scale;
  inverse[9] = (m[1] * m[8] - m[0] * m[9]) * scale;
  inverse[10] = (m[0] * m[5] - m[1] * m[4]) * scale;
  for (const row of [0, 4, 8]) {
    inverse[row + 3] = -(inverse[row] * m[3] + inverse[row + 1] * m[7] + inverse[row + 2] * m[11]);
  }
  inverse[15] = 1;
  return inverse;
}

export function multiplyAffines(left: Affine, right: Affine): Affine {
  const product = new Float64Array(16);
  for (let i = 0; i < 4; i++) {
    for (let j = 0; j < 4; j++) {
      for (let k = 0; k < 4; k++) product[4 * i + j] += left[4 * i + k] * right[4 * k + j];
    }
  }
  return product;
}

/**
 * The orthogonal factor Q of a matrix's polar decomposition M = Q P, P symmetric and positive: the
 * rotation, or reflection, that is closest to its upper left 3x3 block. By Newton's iteration (Higham
 * 1986, "Computing the polar decomposition"). Offsets are left out.
 *
 * @returns undefined when the matrix is singular
 */
export function orthogonalFactor(affine: Affine): Affine | undefined {
  let matrix = affine.slice();
  for (const row of [0, 4, 8]) matrix[row + 3] = 0;
  for (let iteration = 0; iteration < 50; iteration++) {
    let inverse;
    try {
      inverse = invertAffine(matrix);
    } catch {
      return undefined;
    }
    const next = new Float64Array(16);
    let change = 0;
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        next[4 * i + j] = (matrix[4 * i + j] + inverse[4 * j + i]) / 2;
        change = Math.max(change, Math.abs(next[4 * i + j] - matrix[4 * i + j]));
      }
    }
    next[15] = 1;
    matrix = next;
    if (change < 1e-14) break;
  }
  return matrix;
}

/** The point that an affine maps a point to. */
export function transformPoint(m: Affine, [x, y, z]: Point): Point {
  const row = (r: number) => m[r] * x + m[r + 1] * y + m[r + 2] * z + m[r + 3];
  return [row(0), row(4), row(8)];
}
