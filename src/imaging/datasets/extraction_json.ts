/** ClinicaDL's description of an extraction (`tensor_extraction/NAME.json`) and its file names. */
import { DataError } from "../../errors.ts";
import { describeValue } from "../../formats/describe_value.ts";
import { isJsonObject, parseJson } from "../../json.ts";
import type { ImagePattern, ImageType } from "./dataset.ts";
import type { TargetGrid } from "../extract/resample.ts";

export type Mode = "image" | "patch" | "roi" | "slice";

/** The fields that Gyrus writes and reads; ClinicaDL's names. */
export interface ExtractionJson {
  readonly preprocessing: string;
  readonly mode: Mode;
  /** Null for custom images. */
  readonly use_uncropped_image: boolean | null;
  /** Whether the elements are on disk, rather than images that are cut when loaded. */
  readonly prepare_dl: boolean;
  readonly extract_json: string;
  readonly file_type: ImagePattern;
  readonly custom_suffix?: string;
  readonly tracer?: string;
  readonly suvr_reference_region?: string;
  readonly slice_direction?: 0 | 1 | 2;
  readonly slice_mode?: "rgb" | "single";
  readonly discarded_slices?: readonly [number, number];
  /** Of published slices, which ClinicaDL would count in a whole image otherwise. */
  readonly num_slices?: number;
  readonly patch_size?: number;
  readonly stride_size?: number;
  readonly roi_list?: readonly string[];
  readonly uncropped_roi?: boolean;
  readonly roi_custom_template?: string;
  readonly roi_custom_mask_pattern?: string;
  /** Gyrus's own, which ClinicaDL passes over, as the following: which images. */
  readonly entities?: ImageType["entities"];
  readonly frame?: ImageType["frame"];
  /** Each image has slices of its own. */
  readonly own_slices?: true;
  /** The grid that images were resampled to before cutting. */
  readonly target_grid?: TargetGrid;
  /** Voxels that images were cropped or padded to before cutting. */
  readonly crop_or_pad?: readonly [number, number, number];
  /** Where the axes that were cut point, such as `RAS`; ClinicaDL cuts arrays as stored. */
  readonly orientation?: string;
  /** Voxel sizes along these axes, in mm. */
  readonly spacing?: readonly number[];
  /** Orientations of files that were turned to `orientation`. */
  readonly reoriented_from?: readonly string[];
}

const MODES: readonly unknown[] = ["image", "patch", "roi", "slice"] satisfies Mode[];

/** @throws {DataError} naming the field that is invalid */
export function parseExtractionJson(text: string, subject: string): ExtractionJson {
  const fail = (problem: string): never => {
    throw new DataError(subject, problem);
  };
  const json = parseJson(text, subject);
  if (!isJsonObject(json)) return fail("not an extraction's JSON: no object");
  const need = (name: string, sound: boolean, rule: string) => {
    if (!sound) fail(`"${name}" is ${describeValue(json[name])}, but must be ${rule}`);
  };
  const isText = (name: string) => typeof json[name] === "string";
  const isCount = (name: string, least: number) =>
    Number.isInteger(json[name]) && json[name] as number >= least;
  need("preprocessing", isText("preprocessing"), "the name of a pipeline");
  need("mode", MODES.includes(json.mode), MODES.join(", "));
  need("prepare_dl", typeof json.prepare_dl === "boolean", "true or false");
  const pattern = (json.file_type as { pattern?: unknown } | undefined)?.pattern;
  need("file_type", typeof pattern === "string", "an object with a pattern");
  if (json.mode === "slice") {
    need("slice_direction", [0, 1, 2].includes(json.slice_direction as number), "0, 1 or 2");
    need("slice_mode", json.slice_mode === "rgb" || json.slice_mode === "single", "rgb or single");
    json.discarded_slices = parseDiscarded(json.discarded_slices) ??
      fail(`"discarded_slices" must be one or two counts`);
  }
  if (json.mode === "patch") {
    need("patch_size", isCount("patch_size", 1), "a count of voxels");
    need("stride_size", isCount("stride_size", 1), "a count of voxels");
  }
  if (json.mode === "roi") {
    const list = json.roi_list;
    const sound = Array.isArray(list) && list.length > 0 &&
      list.every((roi) => typeof roi === "string") && new Set(list).size === list.length;
    need("roi_list", sound, "a list of names that differ");
  }
  // A path of the machine on which ClinicaDL ran; the other fields lead to the masks.
  delete json.masks_location;
  return json as unknown as ExtractionJson;
}

/** ClinicaDL writes one number, a list of one for both sides, or a list of two. */
function parseDiscarded(value: unknown): [number, number] | undefined {
  const list = value === undefined || value === null ? [0] : Array.isArray(value) ? value : [value];
  if (list.length < 1 || list.length > 2) return undefined;
  if (!list.every((count) => Number.isInteger(count) && count >= 0)) return undefined;
  return [list[0], list[1] ?? list[0]];
}

/** A file name without its extension, parted before its BIDS suffix: `sub-1_res-1x1x1`, `T1w`. */
function partsOf(stem: string): { entities: string; suffix: string } {
  const at = stem.lastIndexOf("_");
  if (at < 0) return { entities: stem, suffix: "image" };
  return { entities: stem.slice(0, at), suffix: stem.slice(at + 1) };
}

/** File name without `.nii` or `.nii.gz`. */
export function imageStem(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.nii(\.gz)?$/i, "");
}

/** Folder of a session's tensors, below the session. */
export function tensorFolder(json: ExtractionJson, mode: Mode = json.mode): string {
  const pipeline = json.preprocessing.replaceAll("-", "_");
  return `deeplearning_prepare_data/${mode}_based/${pipeline}`;
}

const SLICE_NAMES = ["sag", "cor", "axi"] as const;

/**
 * Name of an element's file.
 *
 * @param stem of the image
 * @param element id: for slices the index in the volume, for regions the mask's file name
 */
export function elementFileName(
  json: ExtractionJson,
  stem: string,
  element: number | string,
): string {
  const { entities, suffix } = partsOf(stem);
  switch (json.mode) {
    case "image":
      return `${stem}.pt`;
    case "slice": {
      const axis = SLICE_NAMES[json.slice_direction!];
      return `${entities}_axis-${axis}_channel-${json.slice_mode}_slice-${element}_${suffix}.pt`;
    }
    case "patch":
      return `${entities}_patchsize-${json.patch_size}_stride-${json.stride_size}` +
        `_patch-${element}_${suffix}.pt`;
    case "roi": {
      // Of older Clinica `sub-1_ses-1_T1w_space-…`.
      const parts = entities.split("_");
      const session = parts.slice(0, parts[2] === "T1w" ? 3 : 2).join("_");
      const region = regionEntities(String(element), json.uncropped_roi !== true);
      return `${session}_${region}_${suffix}.pt`;
    }
  }
}

/** `space-…[_desc-…][_…]_roi-…` of a mask `tpl-…[_desc-Crop][_…]_roi-…_mask.nii.gz`. */
function regionEntities(maskName: string, cropped: boolean): string {
  const entities = maskName.split("_");
  const template = entities[0].slice(entities[0].indexOf("-") + 1);
  const roi = entities[entities.length - 2];
  const middle = entities.slice(1, -2);
  const others = middle.filter((entity) => entity !== "desc-Crop");
  const description = cropped
    ? ["desc-CropRoi"]
    : others.length < middle.length
    ? ["desc-CropImage"]
    : [];
  return [`space-${template}`, ...description, ...others, roi].join("_");
}
