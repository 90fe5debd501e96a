/** From the bytes of an image file to the bytes of its tensors; the same on every thread. */
import { allocateSafetensors } from "../../formats/safetensors.ts";
import { checkMask, extract, type Mask, type Recipe } from "./extraction.ts";
import type { Scratch } from "../nifti/gzip.ts";
import { readNifti } from "../nifti/nifti.ts";

/** A mask file on its way to whoever cuts regions. */
export interface MaskFile {
  digest: string;
  roi: string;
  /** File name, for messages. */
  subject: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** @throws {DataError} when a file is no mask */
export function readMasks(files: readonly MaskFile[]): Map<string, Mask> {
  return new Map(files.map(({ digest, roi, subject, bytes }) => [
    digest,
    checkMask(readNifti(bytes, subject), roi, subject),
  ]));
}

/**
 * A safetensors file with `data` (float32, see {@link extract}), `affine` (float64 [4, 4]), `grid`
 * (int32 [3]) and `elements` (int32).
 *
 * @param scratch memory to inflate to
 * @throws {DataError} when the image is malformed or does not suit the recipe
 */
export function extractFile(
  bytes: Uint8Array,
  recipe: Recipe,
  masks: ReadonlyMap<string, Mask>,
  subject: string,
  scratch?: Scratch,
): Uint8Array<ArrayBuffer> {
  let file: ReturnType<typeof allocateFile> | undefined;
  const { affine, grid, elements } = extract(
    readNifti(bytes, subject, undefined, scratch),
    recipe,
    masks,
    subject,
    (shape) => {
      file = allocateFile(shape);
      return file.views.data as Float32Array<ArrayBuffer>;
    },
  );
  (file!.views.affine as Float64Array).set(affine);
  (file!.views.grid as Int32Array).set(grid);
  (file!.views.elements as Int32Array).set(elements);
  return file!.bytes;
}

function allocateFile(shape: readonly number[]) {
  return allocateSafetensors({
    data: { dtype: "float32", shape },
    affine: { dtype: "float64", shape: [4, 4] },
    grid: { dtype: "int32", shape: [3] },
    elements: { dtype: "int32", shape: [shape[0]] },
  });
}
