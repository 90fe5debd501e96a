/** Rotations as ITK's Euler3DTransform has them, in its world coordinates: left, posterior, superior. */

export type Matrix3 = readonly (readonly number[])[];

/** Signs of (right, anterior, superior) in (left, posterior, superior). */
export const LPS_SIGNS = [-1, -1, 1] as const;

export function multiply(a: Matrix3, b: Matrix3): number[][] {
  return a.map((row) => [0, 1, 2].map((j) => row.reduce((sum, v, k) => sum + v * b[k][j], 0)));
}

/** Rz Rx Ry of three angles in degrees. */
export function eulerMatrix(degrees: readonly number[]): number[][] {
  const [[cx, sx], [cy, sy], [cz, sz]] = degrees.map((angle) => {
    const radians = angle * Math.PI / 180;
    return [Math.cos(radians), Math.sin(radians)];
  });
  const aboutX = [[1, 0, 0], [0, cx, -sx], [0, sx, cx]];
  const aboutY = [[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]];
  const aboutZ = [[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]];
  return multiply(multiply(aboutZ, aboutX), aboutY);
}

/** A map of left, posterior, superior as one of right, anterior, superior, or the other way round. */
export function mirrored(matrix: Matrix3): number[][] {
  return matrix.map((row, i) => row.map((v, j) => v * LPS_SIGNS[i] * LPS_SIGNS[j]));
}
