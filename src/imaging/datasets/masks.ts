/** Finds the masks of regions of interest. */
import { DataError } from "../../errors.ts";
import { LINEAR_TEMPLATE } from "./caps.ts";
import { isImageFile } from "./dataset.ts";

export interface MaskQuery {
  rois: readonly string[];
  /** Template in the path `tpl-<template>/`; that of the linear pipelines when absent. */
  template?: string;
  /** Text that the file names hold. */
  pattern?: string;
  /** Whether the images are cropped: their masks are called `desc-Crop`. Undefined: unknown. */
  cropped?: boolean;
}

/** What an extraction of regions states of its masks. */
export interface MaskChoice {
  roi_list: readonly string[];
  roi_custom_template?: string;
  roi_custom_mask_pattern?: string;
}

/** @param uncropped whether the images are on the full template grid; null or absent where unknown */
export function maskQuery(
  { roi_list, roi_custom_template, roi_custom_mask_pattern }: MaskChoice,
  uncropped: boolean | null | undefined,
): MaskQuery {
  // Masks of a template of one's own need not follow the linear pipelines' names.
  const custom = roi_custom_template !== undefined;
  return {
    rois: roi_list,
    template: roi_custom_template,
    pattern: roi_custom_mask_pattern ?? (custom ? "" : undefined),
    cropped: custom || typeof uncropped !== "boolean" ? undefined : !uncropped,
  };
}

/** Path in a CAPS of a region's mask on the grid of the cropped template. */
export function maskPath(roi: string): string {
  const template = `tpl-${LINEAR_TEMPLATE}`;
  return `masks/${template}/${template}_desc-Crop_res-1x1x1_roi-${roi}_mask.nii.gz`;
}

/**
 * The path of each region's mask, in the order asked for.
 *
 * @param paths mask files, relative; in folders `tpl-<template>` or in none
 * @throws {DataError} naming every region without a mask, and those there are
 */
export function findMasks(
  paths: readonly string[],
  query: MaskQuery,
  subject: string,
): string[] {
  const { template = LINEAR_TEMPLATE, pattern = "res-1x1x1", cropped } = query;
  const fitting = paths.filter(isImageFile).toSorted().filter((path) => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const folder = /(?:^|\/)tpl-([^/]+)\//.exec(path)?.[1];
    return (folder ?? template) === template && name.includes(pattern) &&
      (cropped === undefined || name.includes("_desc-Crop_") === cropped);
  });
  const found = query.rois.map((roi) =>
    fitting.find((path) => new RegExp(`_roi-${RegExp.escape(roi)}_mask\\.nii(\\.gz)?$`).test(path))
  );
  const missing = query.rois.filter((_, i) => found[i] === undefined);
  if (missing.length > 0) {
    const kind = cropped === undefined ? "" : cropped ? " with desc-Crop" : " without desc-Crop";
    const present = fitting.map((path) => /_roi-([^_/]+)_mask/.exec(path)?.[1]);
    throw new DataError(
      subject,
      `no mask of ${missing.join(", ")} (tpl-${template}/*${pattern}*_roi-<name>_mask.nii.gz` +
        `${kind}); there ${
          present.length === 0 ? "is none that fits" : `are ${[...new Set(present)].join(", ")}`
        }`,
    );
  }
  return found as string[];
}
