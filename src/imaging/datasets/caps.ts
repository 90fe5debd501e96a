/** Finds images in a CAPS folder by ClinicaDL's patterns. */
import { filesBelow } from "../../disk/folders.ts";
import { DataError } from "../../errors.ts";
import {
  CUSTOM_DESCRIPTION,
  directories,
  type ImageCandidate,
  type ImagePattern,
  isImageFile,
  type Layout,
} from "./dataset.ts";

export type Preprocessing = "t1-linear" | "pet-linear" | "flair-linear" | "custom";

/** Which image of a session is meant. */
export interface CapsImageType {
  preprocessing: Preprocessing;
  /** The full template grid (193 x 229 x 193) rather than its crop (169 x 208 x 179). */
  use_uncropped_image: boolean;
  /** PET: such as `18FFDG`. */
  tracer?: string;
  /** PET: such as `pons2`. */
  suvr_reference_region?: string;
  /** `custom`: how the file names end; `*` and `?` stand for any characters and any one. */
  custom_suffix?: string;
}

/** The template of the linear pipelines. */
export const LINEAR_TEMPLATE = "MNI152NLin2009cSym";

/** A pipeline that registers raw images to {@link LINEAR_TEMPLATE}. */
export type LinearPipeline = "t1-linear" | "flair-linear";

/** Paths below a CAPS, as Clinica's linear pipelines name a session's image and its transform. */
export function linearPaths(
  pipeline: LinearPipeline,
  { participant, session }: { participant: string; session: string },
  uncropped: boolean,
): { image: string; affine: string } {
  const stem = `subjects/${participant}/${session}/${pipeline.replace("-", "_")}/` +
    `${participant}_${session}_space-${LINEAR_TEMPLATE}`;
  const suffix = pipeline === "t1-linear" ? "T1w" : "flair";
  return {
    image: `${stem}${uncropped ? "" : "_desc-Crop"}_res-1x1x1_${suffix}.nii.gz`,
    affine: `${stem}_res-1x1x1_affine.mat`,
  };
}

/** Pattern of the file names, as ClinicaDL writes it into an extraction's JSON. */
export function capsPattern(type: CapsImageType): ImagePattern {
  if (type.preprocessing === "custom") {
    return {
      pattern: `*${type.custom_suffix}`,
      description: CUSTOM_DESCRIPTION,
      needed_pipeline: "custom",
    };
  }
  const crop = type.use_uncropped_image ? "" : "_desc-Crop";
  const space = `space-${LINEAR_TEMPLATE}${crop}_res-1x1x1`;
  const grid = type.use_uncropped_image ? "" : " and cropped";
  const describe = (modality: string) =>
    `${modality} image registered in ${LINEAR_TEMPLATE} space${grid}`;
  switch (type.preprocessing) {
    case "t1-linear":
      return {
        pattern: `*${space}_T1w.nii.gz`,
        description: describe("T1w"),
        needed_pipeline: type.preprocessing,
      };
    case "flair-linear":
      return {
        pattern: `*${space}_flair.nii.gz`,
        description: describe("FLAIR"),
        needed_pipeline: type.preprocessing,
      };
    case "pet-linear":
      return {
        pattern: `pet_linear/*_trc-${type.tracer}_${space}_suvr-${type.suvr_reference_region}` +
          "_pet.nii.gz",
        description: describe(`PET (${type.tracer}, SUVR of ${type.suvr_reference_region})`),
        needed_pipeline: type.preprocessing,
      };
  }
}

function checkRoot(root: string): void {
  const names = directories(root);
  if (names.includes("subjects")) return;
  const hint = names.some((name) => name.startsWith("sub-"))
    ? "it holds sub-* folders itself, as BIDS does: open it with bids.open"
    : "it has no folder subjects";
  throw new DataError(root, `not a CAPS folder: ${hint}`);
}

/** Folder of the tensors that were prepared of a session. */
export const TENSOR_FOLDER = "deeplearning_prepare_data";

function* sessions(root: string): Generator<ImageCandidate> {
  for (const participant of directories(`${root}/subjects`)) {
    if (!participant.startsWith("sub-")) continue;
    for (const session of directories(`${root}/subjects/${participant}`)) {
      if (!session.startsWith("ses-")) continue;
      yield {
        participant,
        session,
        files: () =>
          filesBelow(root, `subjects/${participant}/${session}`, { except: [TENSOR_FOLDER] }),
      };
    }
  }
}

/** Files of the folder `masks`. */
function masks(root: string): string[] {
  if (!directories(root).includes("masks")) return [];
  return filesBelow(root, "masks").filter((path) => isImageFile(path) && /_mask\./.test(path));
}

/** Prepared tensors are left out; masks are taken along. */
export const capsLayout: Layout = { checkRoot, sessions, subjects: "subjects/", extras: masks };
