/** Affine transforms as ITK's MatlabTransformIO, and so ANTs, writes them (`0GenericAffine.mat`). */
import type { Affine } from "../nifti/affine.ts";

/** ITK's world axes point left, posterior and superior. */
const LPS = [-1, -1, 1];

/**
 * A MATLAB level 4 file of two columns of doubles: `AffineTransform_double_3_3` with the matrix, row
 * by row, and the translation; `fixed` with the centre of rotation, the origin. Axes are LPS, and the
 * transform takes points of the fixed image (the template) to the moving one, as `antsApplyTransforms`
 * expects it.
 *
 * @param affine template mm to head mm, RAS
 */
export function writeItkTransform(affine: Affine): Uint8Array<ArrayBuffer> {
  const matrix = LPS.flatMap((sign, row) =>
    LPS.map((other, column) => sign * other * affine[4 * row + column])
  );
  const translation = LPS.map((sign, row) => sign * affine[4 * row + 3]);
  const variables = [
    matlabVariable("AffineTransform_double_3_3", [...matrix, ...translation]),
    matlabVariable("fixed", [0, 0, 0]),
  ];
  const file = new Uint8Array(variables.reduce((sum, bytes) => sum + bytes.length, 0));
  let at = 0;
  for (const bytes of variables) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

/** Header of five int32 (type, rows, columns, imaginary part, length of the name), name, values. */
function matlabVariable(name: string, values: readonly number[]): Uint8Array {
  const LITTLE_ENDIAN_DOUBLES = 0;
  const text = new TextEncoder().encode(`${name}\0`);
  const bytes = new Uint8Array(20 + text.length + 8 * values.length);
  const view = new DataView(bytes.buffer);
  [LITTLE_ENDIAN_DOUBLES, values.length, 1, 0, text.length].forEach((field, i) =>
    view.setInt32(4 * i, field, true)
  );
  bytes.set(text, 20);
  values.forEach((value, i) => view.setFloat64(20 + text.length + 8 * i, value, true));
  return bytes;
}
