/** Where ClinicaDL 1.6.1 can't use a MAPS, or needs more than it and the published elements. */
import { LINEAR_TEMPLATE } from "../../imaging/datasets/caps.ts";
import type { MapsDescription } from "../../maps/description.ts";
import { isClinicadlArchitecture } from "../../maps/parameter_names.ts";
import { areExpressible } from "../../maps/slices.ts";
import { nameSome } from "../../tables/session_table.ts";

/** Pipelines whose images ClinicaDL finds in a CAPS. */
const PIPELINES: readonly unknown[] = ["t1-linear", "flair-linear", "pet-linear", "custom"];

/** A sentence each. */
export function clinicadlLimits(maps: MapsDescription): string[] {
  const { architecture, parameters, extraction, elements } = maps;
  const limits: string[] = [];
  if (!isClinicadlArchitecture(architecture)) {
    limits.push(`ClinicaDL has no ${architecture}: it can't run the networks of this MAPS`);
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
  limits.push(...neededFiles(maps));
  if (parameters.normalization_level === "image") {
    limits.push(
      "ClinicaDL normalises each element by itself, so its predictions differ from these",
    );
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
    const template = extraction.roi_custom_template || LINEAR_TEMPLATE;
    return [
      `ClinicaDL's predict needs the masks too, in masks/tpl-${template} of the CAPS and with ` +
      "_desc-Crop_ in their names",
    ];
  }
  return [];
}
