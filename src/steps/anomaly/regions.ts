/** Voxels of regions in the grid of some elements, whatever grid their masks lie on. */
import type { Geometry } from "../../artifacts/attribution_maps.ts";
import { DataError } from "../../errors.ts";
import { invertAffine, multiplyAffines } from "../../imaging/nifti/affine.ts";
import { readNifti, type Volume } from "../../imaging/nifti/nifti.ts";
import type { Artifact, StepContext } from "../../workflow/step.ts";
import { loadMasks, type MaskParameters } from "../extract/masks.ts";
import type { Context } from "./scored_groups.ts";

export interface Region {
  name: string;
  /** Indices in the grid, the first axis fastest. */
  voxels: Uint32Array;
}

/** @throws {DataError} on a missing mask, images without a place, and a region outside of the images */
export async function findRegions(context: Context, geometry: Geometry): Promise<Region[]> {
  const { roi_list, masks_directory } = context.params;
  if (roi_list === undefined) return [];
  const caps = context.inputs.caps as Artifact | undefined;
  if (caps === undefined && masks_directory === undefined) {
    throw new DataError("roi_list", "there are no masks; connect in.caps or name masks_directory");
  }
  const { affine, grid } = geometry;
  if (!affine || !grid) {
    throw new DataError(
      "roi_list",
      "the place of the images is unknown, and so that of the regions",
    );
  }
  const masks = await loadMasks(context as StepContext<MaskParameters>);
  return masks.map(({ roi, subject, bytes }) => {
    const voxels = voxelsInside(readNifti(bytes, subject), { affine, grid }, subject);
    if (voxels.length > 0) return { name: roi, voxels };
    throw new DataError(subject, "the region is outside of the images");
  });
}

/** @throws {DataError} when the mask holds other values than 0 and 1 */
function voxelsInside(
  { shape, voxels, slope, intercept, affine }: Volume,
  images: Required<Pick<Geometry, "affine" | "grid">>,
  subject: string,
): Uint32Array {
  for (let i = 0; i < voxels.length; i++) {
    const value = voxels[i] * slope + intercept;
    if (value === 0 || value === 1) continue;
    throw new DataError(subject, `a mask holds 0 and 1 only, but this one has ${value}`);
  }
  const toMask = multiplyAffines(invertAffine(affine), images.affine);
  const [nx, ny, nz] = images.grid;
  const inside: number[] = [];
  for (let z = 0, at = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, at++) {
        const [i, j, k] = [0, 4, 8].map((row) =>
          Math.round(
            toMask[row] * x + toMask[row + 1] * y + toMask[row + 2] * z + toMask[row + 3],
          )
        );
        if (i < 0 || j < 0 || k < 0 || i >= shape[0] || j >= shape[1] || k >= shape[2]) continue;
        if (voxels[i + shape[0] * (j + shape[1] * k)] * slope + intercept === 1) inside.push(at);
      }
    }
  }
  return Uint32Array.from(inside);
}
