/** A 3D image of one value a voxel, in memory. */
import type { Affine } from "./nifti/affine.ts";

export interface ScalarImage {
  /** Voxels along x, y and z. */
  shape: [number, number, number];
  /** The first axis varies fastest, as in NIfTI. */
  data: Float32Array;
  /** Row-major 4 by 4: voxel indices to mm, right, anterior and superior positive. */
  affine: Affine;
}
