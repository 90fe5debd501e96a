/** The space that heads are registered to: a template, its grid, and the part of it that is kept. */
import { DataError } from "../../errors.ts";
import { scaledVoxels } from "../extract/voxels.ts";
import type { Affine } from "../nifti/affine.ts";
import { readNifti, volumeShape } from "../nifti/nifti.ts";
import { gridDistance, toRas } from "../nifti/orientation.ts";
import { type FixedImage, prepareFixed } from "../registration/mod.ts";
import type { ScalarImage } from "../scalar_image.ts";
import { isSkullStripped } from "./skull.ts";

type Shape = [number, number, number];

export interface TemplateSpace {
  shape: Shape;
  affine: Affine;
  /** Voxels that are left when an image is cropped. */
  crop: { start: Shape; shape: Shape };
}

/** MNI152NLin2009cSym at 1 mm, cropped as Clinica's linear pipelines crop it. */
export const MNI152NLIN2009CSYM: TemplateSpace = {
  shape: [193, 229, 193],
  affine: Float64Array.of(1, 0, 0, -96, 0, 1, 0, -132, 0, 0, 1, -78, 0, 0, 0, 1),
  crop: { start: [12, 13, 0], shape: [169, 208, 179] },
};

/** A template, prepared for the registration of many heads; it may be sent to other threads. */
export interface PreparedTemplate {
  image: ScalarImage;
  fixed: FixedImage;
}

const ADVICE =
  "take mni_icbm152_t1_tal_nlin_sym_09c.nii of the MNI ICBM152 nonlinear symmetric 2009c atlas, " +
  "with its skull";

/**
 * @param bytes of a NIfTI file on the grid of `space`, its axes in any order
 * @throws {DataError} when the file is malformed, on another grid or skull-stripped
 */
export function prepareTemplate(
  bytes: Uint8Array,
  space: TemplateSpace,
  subject: string,
): PreparedTemplate {
  const stored = readNifti(bytes, subject);
  const volume = toRas({ ...stored, shape: volumeShape(stored.shape, subject) });
  if (volume === undefined) throw new DataError(subject, "its affine is singular");
  checkGrid(volume, space, subject);
  const image = { shape: space.shape, data: scaledVoxels(volume, subject), affine: space.affine };
  if (isSkullStripped(image)) {
    throw new DataError(
      subject,
      `this template has no skull: brains would be inflated to where heads end; ${ADVICE}`,
    );
  }
  return { image, fixed: prepareFixed(image, subject) };
}

/** @throws {DataError} when a template in RAS order is on another grid than `space` */
export function checkGrid(
  { shape, affine }: { shape: readonly number[]; affine: Affine },
  space: TemplateSpace,
  subject: string,
): void {
  if (shape.join() !== space.shape.join()) {
    throw new DataError(
      subject,
      `this template is ${shape.join(" x ")} voxels (right, anterior, superior), but images are ` +
        `registered to a grid of ${space.shape.join(" x ")}; ${ADVICE}`,
    );
  }
  if (gridDistance(space, { affine }) !== undefined) {
    const origin = [3, 7, 11].map((at) => Number(affine[at].toPrecision(4)));
    throw new DataError(
      subject,
      `this template lies elsewhere than MNI152NLin2009cSym: its first voxel is at (${
        origin.join(", ")
      }) mm, not at (${[3, 7, 11].map((at) => space.affine[at]).join(", ")}) mm, or its voxels ` +
        `are not 1 mm cubes; ${ADVICE}`,
    );
  }
}
