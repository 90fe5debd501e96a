/** A NIfTI file as the algorithms take it. */
import { scaledVoxels } from "../../../src/imaging/extract/voxels.ts";
import { readNifti } from "../../../src/imaging/nifti/nifti.ts";
import type { ScalarImage } from "../../../src/imaging/scalar_image.ts";

export async function readScalarImage(path: string): Promise<ScalarImage> {
  const volume = readNifti(await Deno.readFile(path), path);
  const [x, y, z] = volume.shape;
  return { shape: [x, y, z], data: scaledVoxels(volume, path), affine: volume.affine };
}
