/**
 * One head from the scanner to the template's grid, in the sequence of Clinica's linear pipelines: bias
 * field, affine registration, resampling, crop. The same bytes on every thread.
 */
import { DataError } from "../../errors.ts";
import { correctBiasField } from "../bias_field/mod.ts";
import type { LinearPipeline } from "../datasets/caps.ts";
import { scaledVoxels, selectFrame } from "../extract/voxels.ts";
import { type Frame, readNifti, volumeShape } from "../nifti/nifti.ts";
import { orientationOf } from "../nifti/orientation.ts";
import { writeNifti } from "../nifti/write.ts";
import { registerAffine } from "../registration/mod.ts";
import {
  fieldRange,
  measureRegistration,
  type RegistrationMeasures,
} from "../registration_quality/measures.ts";
import { crop, resample } from "../resampling/mod.ts";
import type { ScalarImage } from "../scalar_image.ts";
import { isSkullStripped } from "./skull.ts";
import type { PreparedTemplate, TemplateSpace } from "./template_space.ts";

/** Distance of the knots of the bias field on its first level, mm: that of Clinica's pipelines. */
export const SPLINE_DISTANCES: Readonly<Record<LinearPipeline, number>> = {
  "t1-linear": 600,
  "flair-linear": 100,
};

export interface HeadJob {
  /** Of the image file. */
  bytes: Uint8Array<ArrayBuffer>;
  /** The file, for messages. */
  subject: string;
  /** Voxels to mm, row-major: the header may state two transforms. */
  affine: readonly number[];
  /** The volume to take of an image of several, and what weighs their mean. */
  frame?: Frame;
  frameDurations?: readonly number[];
  /** Distance of the knots of the bias field, mm. */
  splineDistance: number;
  /** What to keep of the template's grid; all when absent. */
  crop?: TemplateSpace["crop"];
  /** For the header of the file. */
  description: string;
}

export interface RegisteredHead {
  /** A `.nii.gz` file of float32 on the template's grid, or its crop. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Template mm to head mm, RAS, row-major. */
  affine: number[];
  measures: RegistrationMeasures;
}

/** What computes the costly parts of a head that a GPU can take. */
export interface HeadCompute {
  registerAffine: typeof registerAffine;
  resample(...input: Parameters<typeof resample>): ScalarImage | Promise<ScalarImage>;
}

const processor: HeadCompute = { registerAffine, resample };

/** @throws {DataError} when the image can't be used or registered, or shows no skull */
export async function preprocessHead(
  job: HeadJob,
  { image, fixed }: PreparedTemplate,
  compute = processor,
): Promise<RegisteredHead> {
  const { subject, splineDistance } = job;
  const head = readHead(job);
  if (isSkullStripped(head)) {
    throw new DataError(
      subject,
      "the image shows a brain without skull, which would be inflated to the template's head; " +
        "open the images as they were before skull-stripping",
    );
  }
  const { corrected, field } = correctBiasField(head, { splineDistance, subject });
  const { affine, mutualInformation } = await compute.registerAffine(fixed, corrected, {
    subject,
  });
  const registered = await compute.resample(corrected, image, affine);
  const kept = job.crop ? crop(registered, job.crop.start, job.crop.shape) : registered;
  return {
    bytes: writeNifti({
      shape: kept.shape,
      voxels: kept.data,
      affine: kept.affine,
      space: "mni152",
      description: job.description,
    }),
    affine: [...affine],
    measures: measureRegistration({
      registered,
      template: image,
      affine,
      mutualInformation,
      fieldRange: fieldRange(field, corrected),
    }),
  };
}

function readHead({ bytes, subject, affine, frame, frameDurations }: HeadJob): ScalarImage {
  const image = readNifti(bytes, subject);
  const volume = frame === undefined
    ? { ...image, shape: volumeShape(image.shape, subject) }
    : selectFrame(image, frame, subject, frameDurations);
  const world = Float64Array.from(affine);
  if (orientationOf(world) === undefined) {
    throw new DataError(subject, "its affine is singular; correct the header");
  }
  return {
    shape: [volume.shape[0], volume.shape[1], volume.shape[2]],
    data: scaledVoxels(volume, subject),
    affine: world,
  };
}
