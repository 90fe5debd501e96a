/** Compares how images were extracted with how those of a model were. */
import type { ModelMeta } from "../../artifacts/model.ts";
import { DataError } from "../../errors.ts";
import { isJsonObject } from "../../json.ts";
import { sameSpacing } from "../../imaging/nifti/orientation.ts";
import type { Json } from "../../workflow/step.ts";

type Extraction = ModelMeta["extraction"];

/** Keys that decide which voxels an element holds, with its ids and shape. */
const VOXEL_KEYS: ReadonlySet<string> = new Set([
  "slice_direction",
  "own_slices",
  "patch_size",
  "stride_size",
  "roi_list",
  "uncropped_roi",
  "roi_custom_template",
  "roi_custom_mask_pattern",
  "size_reduction_factor",
  "target_grid",
  "crop_or_pad",
  "frame",
]);

/**
 * Keys that are not compared as they are: names; what the ids and shapes of the elements show
 * already; and geometry, which has rules of its own.
 */
const OTHER_KEYS: ReadonlySet<string> = new Set([
  "extract_json",
  "prepare_dl",
  "mode",
  "slice_mode",
  "discarded_slices",
  "num_slices",
  "orientation",
  "spacing",
  "reoriented_from",
  // What ClinicaDL derives from other fields, and the value of voxels outside a region, always 0.
  "masks_location",
  "roi_template",
  "roi_mask_pattern",
  "roi_background_value",
]);

/** Pipelines of Clinica whose images are RAS, also where the extraction does not state it. */
export const RAS_PIPELINES: readonly unknown[] = ["t1-linear", "flair-linear", "pet-linear"];

/**
 * @returns warnings
 * @throws {DataError} when the elements hold other voxels than the model's
 */
export function compareExtractions(given: Extraction, model: Extraction): string[] {
  const value = (extraction: Extraction, key: string) =>
    text(key === "file_type" ? patternOf(extraction) : extraction[key]);
  const keys = [...new Set([...Object.keys(given), ...Object.keys(model)])].sort()
    .filter((key) => !OTHER_KEYS.has(key) && value(given, key) !== value(model, key));
  const describe = (key: string) => `${key} ${value(given, key)}, the model ${value(model, key)}`;
  const voxels = keys.filter((key) => VOXEL_KEYS.has(key));
  if (voxels.length > 0) {
    throw new DataError(
      "images",
      `have ${voxels.map(describe).join("; ")}; extract them with the same parameters`,
    );
  }
  const kinds = keys.filter((key) => !VOXEL_KEYS.has(key));
  return [
    ...(kinds.length > 0
      ? [`the images are of another kind: ${kinds.map(describe).join("; ")}`]
      : []),
    ...compareOrientations(given, model),
    ...compareSpacing(given, model),
  ];
}

/** Which images the file type names; ClinicaDL describes them in other words. */
function patternOf({ file_type }: Extraction): Json | undefined {
  return isJsonObject(file_type) ? file_type.pattern as Json : file_type;
}

/** JSON with sorted keys; ClinicaDL writes "" or false where Gyrus writes nothing. */
function text(value: Json | undefined): string {
  return value === undefined || value === null || value === "" || value === false
    ? "none"
    : JSON.stringify(value);
}

/** A model without an orientation, such as one of ClinicaDL, took arrays as they were stored. */
function compareOrientations(given: Extraction, model: Extraction): string[] {
  if (model.orientation === undefined) {
    if (given.reoriented_from === undefined) return [];
    throw new DataError(
      "images",
      `were turned from ${text(given.reoriented_from)} to ${
        text(given.orientation)
      }, but the model, ` +
        'like those of ClinicaDL, took arrays as stored; extract with orientation = "stored"',
    );
  }
  if (given.orientation === model.orientation) return [];
  if (given.orientation === undefined) {
    return model.orientation === "RAS" && RAS_PIPELINES.includes(given.preprocessing) ? [] : [
      "the images do not state their orientation, as tensors of ClinicaDL; the model was trained on " +
      `${model.orientation} ones: make sure that theirs is the same`,
    ];
  }
  throw new DataError(
    "images",
    `are cut in the orientation ${given.orientation}, the model was trained on ${model.orientation} ` +
      "ones; " +
      (model.orientation === "RAS"
        ? 'leave out orientation = "stored" when extracting'
        : `store the images as ${model.orientation} and extract with orientation = "stored"`),
  );
}

function compareSpacing({ spacing: given }: Extraction, { spacing: model }: Extraction): string[] {
  if (!Array.isArray(given) || !Array.isArray(model)) return [];
  if (sameSpacing(given as number[], model as number[])) return [];
  throw new DataError(
    "images",
    `have voxels of ${given.join(" x ")} mm, the model was trained on ${model.join(" x ")} mm; ` +
      "resample them with target_shape and target_spacing",
  );
}
