/**
 * Rigid and affine transforms by parameters that are all in mm: an entry of the linear part is
 * multiplied by a characteristic radius, so that a step of 1 in any parameter moves points at the
 * surface of the brain by about 1 mm. All parameters are 0 at the start.
 */
import type { Affine } from "../nifti/affine.ts";
import { ENTRIES } from "./mutual_information.ts";

/** Half the mean diameter of a brain, mm. */
export const RADIUS = 70;

export interface Parametrisation {
  /** Parameters. */
  count: number;
  transformAt(parameters: Float64Array): Affine;
  /** Derivatives of the upper twelve entries of the transform: 12 rows by `count` columns. */
  jacobianAt(parameters: Float64Array): Float64Array;
}

/** `start` followed by a rotation about the centre and a shift: rotation vector times 70 mm, shift. */
export function rigidFrom(start: Affine): Parametrisation {
  const rotationVector = (p: Float64Array) => [p[0] / RADIUS, p[1] / RADIUS, p[2] / RADIUS];
  return {
    count: 6,
    transformAt(parameters) {
      const transform = turn(rotationOf(rotationVector(parameters)), start);
      for (let axis = 0; axis < 3; axis++) {
        transform[4 * axis + 3] = start[4 * axis + 3] + parameters[3 + axis];
      }
      return transform;
    },
    jacobianAt(parameters) {
      const jacobian = new Float64Array(ENTRIES * 6);
      const derivatives = rotationDerivatives(rotationVector(parameters));
      for (let column = 0; column < 3; column++) {
        const turned = turn(derivatives[column], start);
        for (let row = 0; row < 3; row++) {
          for (let axis = 0; axis < 3; axis++) {
            jacobian[6 * (4 * row + axis) + column] = turned[4 * row + axis] / RADIUS;
          }
          jacobian[6 * (4 * column + 3) + 3 + column] = 1;
        }
      }
      return jacobian;
    },
  };
}

/** `start` plus a matrix: the nine entries of its linear part times 70 mm, and the shift. */
export function affineFrom(start: Affine): Parametrisation {
  const unit = (entry: number) => entry % 4 === 3 ? 1 : 1 / RADIUS;
  return {
    count: ENTRIES,
    transformAt(parameters) {
      return start.map((value, entry) =>
        entry < ENTRIES ? value + parameters[entry] * unit(entry) : value
      );
    },
    jacobianAt() {
      const jacobian = new Float64Array(ENTRIES * ENTRIES);
      for (let entry = 0; entry < ENTRIES; entry++) {
        jacobian[ENTRIES * entry + entry] = unit(entry);
      }
      return jacobian;
    },
  };
}

/** The linear part of `transform` multiplied by a 3 by 3 matrix from the left; its shift is kept. */
function turn(matrix: readonly number[], transform: Affine): Affine {
  const turned = transform.slice();
  for (let row = 0; row < 3; row++) {
    for (let axis = 0; axis < 3; axis++) {
      turned[4 * row + axis] = matrix[3 * row] * transform[axis] +
        matrix[3 * row + 1] * transform[4 + axis] + matrix[3 * row + 2] * transform[8 + axis];
    }
  }
  return turned;
}

/** Below this angle, in radians, a rotation is its linear part within float64. */
const SMALL_ANGLE = 1e-8;

/** Rodrigues' formula: the rotation about a vector by its length in radians, 3 by 3. */
export function rotationOf(vector: readonly number[]): number[] {
  const [x, y, z] = vector;
  const angle = Math.hypot(x, y, z);
  const small = angle < SMALL_ANGLE;
  const a = small ? 1 : Math.sin(angle) / angle;
  const b = small ? 0.5 : (1 - Math.cos(angle)) / (angle * angle);
  // deno-fmt-ignore
  return [
    1 - b * (y*y + z*z), b * x*y - a * z, b * x*z + a * y,
    b * x*y + a * z, 1 - b * (x*x + z*z), b * y*z - a * x,
    b * x*z - a * y, b * y*z + a * x, 1 - b * (x*x + y*y),
  ];
}

/**
 * Derivatives of the rotation by each component i of its vector v (Gallego and Yezzi 2015):
 * (v_i [v]x + [v x (I - R) e_i]x) R / |v|^2, which tends to [e_i]x.
 */
function rotationDerivatives(vector: readonly number[]): number[][] {
  const rotation = rotationOf(vector);
  const squared = vector.reduce((sum, value) => sum + value * value, 0);
  return [0, 1, 2].map((i) => {
    const unit = [0, 1, 2].map((axis) => axis === i ? 1 : 0);
    if (squared < SMALL_ANGLE ** 2) return product(crossMatrix(unit), rotation);
    const moved = unit.map((value, axis) => value - rotation[3 * axis + i]);
    const [x, y, z] = vector;
    const across = [
      y * moved[2] - z * moved[1],
      z * moved[0] - x * moved[2],
      x * moved[1] - y * moved[0],
    ];
    const axisOfChange = across.map((value, axis) => (vector[i] * vector[axis] + value) / squared);
    return product(crossMatrix(axisOfChange), rotation);
  });
}

/** The matrix that multiplies like a cross product with the vector. */
function crossMatrix([x, y, z]: readonly number[]): number[] {
  return [0, -z, y, z, 0, -x, -y, x, 0];
}

function product(left: readonly number[], right: readonly number[]): number[] {
  return right.map((_, at) => {
    const row = at - at % 3;
    return left[row] * right[at % 3] + left[row + 1] * right[3 + at % 3] +
      left[row + 2] * right[6 + at % 3];
  });
}
