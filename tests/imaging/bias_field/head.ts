/** The synthetic head of `tests/fixtures/imaging/make_bias_field.py`, in integers. */
import type { ScalarImage } from "../../../src/imaging/scalar_image.ts";

const TISSUES = [60, 120, 240];

/**
 * An ellipsoid of three tissues in blocks, under a field of ±50 %, among values of -1 to 2.
 *
 * @param spacing in mm
 */
export function syntheticHead(
  shape: readonly [number, number, number],
  spacing: readonly number[],
): ScalarImage {
  const data = new Float32Array(shape[0] * shape[1] * shape[2]);
  let at = 0;
  for (let k = 0; k < shape[2]; k++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let i = 0; i < shape[0]; i++) {
        const [x, y, z] = [i, j, k].map((index, axis) => (2 * index + 1) / shape[axis] - 1);
        const blocks = Math.floor(i / 7) + Math.floor(j / 9) + Math.floor(k / 8);
        const noise = (37 * i + 57 * j + 101 * k + i * j * k) % 13;
        const field = 1 + 0.3 * x - 0.2 * y * z + 0.2 * z * z;
        const inside = x * x + y * y + z * z < 0.75;
        data[at++] = inside ? Math.floor(field * (TISSUES[blocks % 3] + noise)) : noise % 4 - 1;
      }
    }
  }
  return { shape: [...shape], data, affine: diagonalAffine(spacing) };
}

export function diagonalAffine([x, y, z]: readonly number[]): Float64Array {
  return Float64Array.of(x, 0, 0, 0, 0, y, 0, 0, 0, 0, z, 0, 0, 0, 0, 1);
}
