/** The real images and masks that a data set is generated from. */
import { capsMeta, listImages, SESSIONS_FILE } from "../../artifacts/caps.ts";
import { exists } from "../../disk/read.ts";
import { DataError } from "../../errors.ts";
import { readTsv } from "../../formats/tsv.ts";
import { SINGLE_COHORT } from "../../tables/identity.ts";
import type { Sources } from "../../imaging/generate/plan.ts";
import { linearPaths } from "../../imaging/datasets/caps.ts";
import type { Artifact, StepContext } from "../../workflow/step.ts";
import type { Mask } from "./generate_dataset.ts";

type Context = StepContext<unknown>;

/**
 * The images of in.caps.
 *
 * @param kind for messages
 * @throws {DataError} when there is none
 */
export async function readDataset({ inputs }: Context, kind: string): Promise<Sources> {
  const caps = inputs.caps as Artifact | undefined;
  if (caps === undefined) {
    throw new DataError(kind, "there is no image to start from: give it a data set (in.caps)");
  }
  const images = await listImages(caps);
  if (images.length === 0) throw new DataError(kind, "the data set has no images");
  return {
    images,
    table: readTsv(await caps.readText(SESSIONS_FILE), SESSIONS_FILE),
    type: capsMeta(caps),
  };
}

/**
 * The images of in.caps, or without it the one at `path`.
 *
 * @param kind for messages
 * @throws {DataError} when there is neither
 */
export async function readDatasetOrImage(
  context: Context,
  kind: string,
  path: string | undefined,
): Promise<Sources> {
  if (context.inputs.caps !== undefined) return await readDataset(context, kind);
  if (path === undefined) {
    throw new DataError(
      kind,
      "there is no image to start from: give it a data set (in.caps) or a NIfTI file (image)",
    );
  }
  const blob = await context.external(path);
  const names = { participant: "sub-SOURCE", session: "ses-M000" };
  return {
    images: [{
      ...names,
      path: linearPaths("t1-linear", names, true).image,
      cohort: SINGLE_COHORT,
      ...blob,
    }],
    type: { preprocessing: "t1-linear", use_uncropped_image: true },
  };
}

export async function readMask(context: Context, file: string): Promise<Mask> {
  const blob = await context.external(file);
  return { digest: blob.digest, image: { subject: file, bytes: await context.get(blob) } };
}

/**
 * `mask-1` and `mask-2` of a folder, `.nii` or `.nii.gz`.
 *
 * @throws {DataError} when one is missing
 */
export async function readMaskPair(context: Context, folder: string): Promise<Mask[]> {
  return await Promise.all(["mask-1", "mask-2"].map(async (name) => {
    for (const file of [`${folder}/${name}.nii`, `${folder}/${name}.nii.gz`]) {
      if (exists(file)) return await readMask(context, file);
    }
    throw new DataError(folder, `no ${name}.nii or ${name}.nii.gz is in this folder`);
  }));
}
