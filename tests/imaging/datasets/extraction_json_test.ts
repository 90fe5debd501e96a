import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import {
  elementFileName,
  type ExtractionJson,
  imageStem,
  parseExtractionJson,
  tensorFolder,
} from "../../../src/imaging/datasets/extraction_json.ts";

const stem = "sub-01_ses-M000_space-MNI152NLin2009cSym_desc-Crop_res-1x1x1_T1w";
const entities = stem.slice(0, -"_T1w".length);
const json = (fields: Partial<ExtractionJson>): ExtractionJson => ({
  preprocessing: "t1-linear",
  mode: "image",
  use_uncropped_image: false,
  prepare_dl: true,
  extract_json: "extract",
  file_type: { pattern: "*_T1w.nii.gz", description: "", needed_pipeline: "t1-linear" },
  ...fields,
});

Deno.test("tensor files have ClinicaDL's names", () => {
  assertEquals(imageStem(`subjects/sub-01/${stem}.nii.gz`), stem);
  assertEquals(
    tensorFolder(json({ mode: "slice" })),
    "deeplearning_prepare_data/slice_based/t1_linear",
  );
  assertEquals(elementFileName(json({}), stem, 0), `${stem}.pt`);
  assertEquals(
    elementFileName(json({ mode: "slice", slice_direction: 2, slice_mode: "rgb" }), stem, 85),
    `${entities}_axis-axi_channel-rgb_slice-85_T1w.pt`,
  );
  assertEquals(
    elementFileName(json({ mode: "patch", patch_size: 50, stride_size: 25 }), stem, 7),
    `${entities}_patchsize-50_stride-25_patch-7_T1w.pt`,
  );
});

Deno.test("region files tell what was cropped, as ClinicaDL does", () => {
  const name = (mask: string, uncropped_roi: boolean) =>
    elementFileName(json({ mode: "roi", uncropped_roi }), stem, mask);
  const cropped = "tpl-MNI152NLin2009cSym_desc-Crop_res-1x1x1_roi-leftHippocampusBox_mask.nii.gz";
  const plain = cropped.replace("_desc-Crop", "");
  const region = (description: string) =>
    `sub-01_ses-M000_space-MNI152NLin2009cSym${description}_res-1x1x1_roi-leftHippocampusBox_T1w.pt`;
  assertEquals(name(cropped, false), region("_desc-CropRoi"));
  assertEquals(name(cropped, true), region("_desc-CropImage"));
  assertEquals(name(plain, false), region("_desc-CropRoi"));
  assertEquals(name(plain, true), region(""));
  const older = stem.replace("_space-", "_T1w_space-");
  assertEquals(
    elementFileName(json({ mode: "roi", uncropped_roi: false }), older, cropped),
    region("_desc-CropRoi").replace("_space-", "_T1w_space-"),
  );
});

Deno.test("discarded slices are read in each of the ways that ClinicaDL wrote them", () => {
  const parse = (discarded_slices: unknown) =>
    parseExtractionJson(
      JSON.stringify({
        ...json({ mode: "slice", slice_direction: 0, slice_mode: "rgb" }),
        discarded_slices,
      }),
      "e.json",
    ).discarded_slices;
  assertEquals(parse(20), [20, 20]);
  assertEquals(parse([20]), [20, 20]);
  assertEquals(parse([3, 4]), [3, 4]);
  assertEquals(parse(undefined), [0, 0]);
  assertThrows(() => parse([1, 2, 3]), DataError, 'e.json: "discarded_slices" must be');
});

Deno.test("a JSON that describes no extraction is refused by its field", () => {
  const refuses = (value: unknown, problem: string) =>
    assertThrows(() => parseExtractionJson(JSON.stringify(value), "e.json"), DataError, problem);
  assertThrows(() => parseExtractionJson("{", "e.json"), DataError, "e.json: line 1: not JSON");
  refuses(3, "no object");
  refuses({ ...json({}), mode: "voxel" }, '"mode" is "voxel", but must be image, patch');
  refuses(json({ mode: "patch", patch_size: 0, stride_size: 1 }), '"patch_size" is 0');
  refuses(json({ mode: "roi", roi_list: [] }), '"roi_list" is a list of 0');
  refuses({ ...json({}), file_type: undefined }, '"file_type" is undefined');
});
