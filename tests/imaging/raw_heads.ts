/** Image files for tests of what reads raw heads: small grids, and headers changed by hand. */
import { deflate, inflate, Scratch } from "../../src/imaging/nifti/gzip.ts";
import { writeNifti } from "../../src/imaging/nifti/write.ts";
import type { ScalarImage } from "../../src/imaging/scalar_image.ts";

/** A `.nii.gz` of zeros, or of the image's voxels. */
export function niftiFile(
  image: Pick<ScalarImage, "shape" | "affine"> & Partial<ScalarImage>,
): Uint8Array<ArrayBuffer> {
  const { shape, affine } = image;
  const voxels = image.data ?? new Float32Array(shape[0] * shape[1] * shape[2]);
  return writeNifti({ shape, affine, voxels });
}

/** A `.nii.gz` file with another header. */
export function editHeader(
  file: Uint8Array,
  edit: (header: DataView) => void,
): Uint8Array<ArrayBuffer> {
  const bytes = inflate(file, 0, "the test's image", new Scratch());
  edit(new DataView(bytes.buffer, bytes.byteOffset, 348));
  return deflate(bytes);
}
