import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { findMasks } from "../../../src/imaging/datasets/masks.ts";

const folder = "masks/tpl-MNI152NLin2009cSym/tpl-MNI152NLin2009cSym";
const paths = [
  "masks/tpl-MNI152NLin2009cSym/._tpl-MNI152NLin2009cSym_desc-Crop_res-1x1x1_roi-left_mask.nii.gz",
  `${folder}_res-1x1x1_roi-left_mask.nii.gz`,
  `${folder}_desc-Crop_res-1x1x1_roi-left_mask.nii.gz`,
  `${folder}_desc-Crop_res-1x1x1_roi-leftHippocampus_mask.nii.gz`,
  `${folder}_desc-Crop_res-1x1x1_roi-right_mask.nii`,
  "masks/tpl-Own/tpl-Own_roi-left_mask.nii.gz",
];

Deno.test("masks are found by region, crop and template", () => {
  const find = (query: Omit<Parameters<typeof findMasks>[1], "rois">, ...rois: string[]) =>
    findMasks(paths, { rois, ...query }, "masks");
  assertEquals(find({ cropped: true }, "right", "left"), [paths[4], paths[2]]);
  assertEquals(find({ cropped: false }, "left"), [paths[1]]);
  assertEquals(find({}, "left"), [paths[2]]);
  assertEquals(find({ template: "Own", pattern: "" }, "left"), [paths[5]]);
});

Deno.test("every region without a mask is named, and those there are", () => {
  assertThrows(
    () => findMasks(paths, { rois: ["right", "left", "middle"], cropped: false }, "masks"),
    DataError,
    "masks: no mask of right, middle (tpl-MNI152NLin2009cSym/*res-1x1x1*_roi-<name>_mask.nii.gz " +
      "without desc-Crop); there are left",
  );
});
