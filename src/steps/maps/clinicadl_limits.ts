/** Where ClinicaDL 1.6.1 can't use a MAPS, or needs more than it and the published elements. */
import { LINEAR_TEMPLATE } from "../../imaging/datasets/caps.ts";
import { isReducedTemplate } from "../../imaging/extract/size_reduction.ts";
import type { MapsDescription } from "../../maps/description.ts";
import { areExpressible } from "../../maps/slices.ts";
import { nameSome } from "../../tables/session_table.ts";
import { loadingOf } from "../model/loading.ts";
import { networkLimit } from "./clinicadl_networks.ts";

/** Pipelines whose images ClinicaDL finds in a CAPS. */
const PIPELINES: readonly unknown[] = ["t1-linear", "flair-linear", "pet-linear", "custom"];

/** What ClinicaDL looks for in the names of the masks of {@link LINEAR_TEMPLATE}. */
const LINEAR_MASKS = "res-1x1x1";

/** A sentence each. */
export function clinicadlLimits(maps: MapsDescription): string[] {
  const { parameters, extraction, elements, input_shape } = maps;
  const limits: string[] = [];
  const limit = networkLimit(maps);
  if (limit !== undefined) {
    limits.push(`${limit}: it can't run the networks of this MAPS`);
  }
  if (!PIPELINES.includes(extraction.preprocessing)) {
    limits.push(
      "ClinicaDL can't predict with this MAPS, since it takes images of Clinica's linear pipelines or " +
        `custom ones from a CAPS, and these are ${extraction.preprocessing}`,
    );
  }
  if (!areExpressible(extraction, elements)) {
    const slices = extraction.own_slices === true
      ? "each image has slices of its own"
      : `these are ${nameSome(elements.map(String))}`;
    limits.push(
      `ClinicaDL can't predict with this MAPS, since it takes consecutive slices only, and ${slices}`,
    );
  }
  const { sizeReduction } = loadingOf(parameters);
  if (sizeReduction > 1 && !isReducedTemplate(sizeReduction, input_shape.slice(1))) {
    limits.push(
      "ClinicaDL reduces images by the window of the cropped template (169x208x179), so it can't predict " +
        `with this MAPS, whose reduced images are ${input_shape.join("x")}`,
    );
  }
  limits.push(...neededFiles(maps));
  const { normalization_level, intensity_normalization, clamp, loss } = parameters;
  if (normalization_level === "image") {
    limits.push(
      "ClinicaDL normalises each element by itself, so its predictions differ from these",
    );
  }
  if ((intensity_normalization ?? "min_max") !== "min_max" || clamp !== undefined) {
    limits.push(
      "ClinicaDL scales elements to [0, 1] by their minimum and maximum, so its predictions differ from these",
    );
  }
  if (loss === "FocalLoss") {
    limits.push("ClinicaDL has no FocalLoss: it can't predict with this MAPS");
  }
  return limits;
}

/** Files of the CAPS that ClinicaDL reads besides the elements. */
function neededFiles({ mode, extraction, multi_network }: MapsDescription): string[] {
  if (mode === "patch" && !multi_network) {
    return [
      "ClinicaDL counts patches in tensors of uncut images, which its predict needs too: publish those " +
      "of extract.images into the same CAPS",
    ];
  }
  if (mode === "roi") {
    const { preprocessing, roi_custom_template, roi_custom_mask_pattern } = extraction;
    const [template, pattern] = preprocessing === "custom"
      ? [roi_custom_template, roi_custom_mask_pattern]
      : [LINEAR_TEMPLATE, LINEAR_MASKS];
    const names = ["_desc-Crop_", ...(pattern ? [pattern] : [])].join(" and ");
    return [
      `ClinicaDL's predict needs the masks too, in masks/tpl-${template} of the CAPS and with ` +
      `${names} in their names`,
    ];
  }
  return [];
}
