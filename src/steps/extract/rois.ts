import { z } from "zod";
import { pathParameter } from "../../workflow/path_parameter.ts";
import { defineStep } from "../../workflow/step.ts";
import {
  checkGridParameters,
  EXTRACTION_THREADS,
  extractionForecast,
  extractionInputs,
  extractionOutputs,
  extractionParameters,
  gridRecipe,
} from "./parameters.ts";

const params = z.object({
  roi_list: z.array(z.string().min(1)).min(1).describe("Names of the regions, as in roi-<name>."),
  roi_uncrop_output: z.boolean().default(false).describe(
    "Keep the size of the image, zero outside the region.",
  ),
  roi_custom_template: z.string().min(1).optional().describe(
    "Template in whose folder the masks are; that of the linear pipelines when absent.",
  ),
  roi_custom_mask_pattern: z.string().optional().describe(
    "Text that the masks' names hold; res-1x1x1 for the linear pipelines when absent.",
  ),
  masks_directory: pathParameter().optional().describe(
    "Folder with the masks, where the data set has none.",
  ),
  ...extractionParameters,
});

type Params = z.output<typeof params>;

export default defineStep({
  kind: "extract.rois",
  version: 5,
  summary: "Cuts regions of interest out of volumes by masks",
  description:
    `The volume times a mask of 0 and 1, cut to the mask's bounding box. Masks are the files
\`*<pattern>*_roi-<name>_mask.nii[.gz]\` of the data set's \`masks/tpl-<template>/\`, or of
\`masks_directory\`; of several the first by name is taken, those with \`desc-Crop\` for cropped images
and those without for others. Regions may differ
in size, for one network each (\`multi_network\`); one network for all takes regions of one size, which
\`roi_uncrop_output\` makes of any. Images and masks are turned to RAS, see extract.slices, and
lie on one grid: their corners agree within 0.1 voxel, by the affines. Unlike ClinicaDL, masks without \`desc-Crop\` and custom
ones serve training too. NaN becomes 0, infinite voxels are an error. Cached an image.`,
  params,
  inputs: extractionInputs,
  outputs: extractionOutputs,
  runs: "worker",
  cpu: EXTRACTION_THREADS,
  checkParams: checkGridParameters,
  ...extractionForecast<Params>((params) => {
    const { roi_list, roi_uncrop_output } = params;
    return {
      mode: "roi",
      channels: 1,
      recipe: { mode: "roi", roi_uncrop_output, masks: roi_list, ...gridRecipe(params) },
      regions: roi_list,
      ...(!roi_uncrop_output && {
        regionShapes: async (caps) => {
          const { regionShapes } = await import("./masks.ts");
          return await regionShapes(params, caps);
        },
      }),
    };
  }),
  run: async (context) => {
    const { extractAll } = await import("./extract_images.ts");
    const { loadMasks } = await import("./masks.ts");
    const { roi_list, roi_uncrop_output, roi_custom_template, roi_custom_mask_pattern } =
      context.params;
    const masks = await loadMasks(context);
    const images = await extractAll(context, {
      mode: "roi",
      channels: 1,
      recipe: () => ({
        mode: "roi",
        roi_uncrop_output,
        masks: masks.map(({ digest }) => digest),
        ...gridRecipe(context.params),
      }),
      masks,
      json: {
        roi_list,
        uncropped_roi: roi_uncrop_output,
        roi_custom_template: roi_custom_template ?? "",
        roi_custom_mask_pattern: roi_custom_mask_pattern ?? "",
        ...gridRecipe(context.params),
      },
      extract_json: context.params.extract_json,
    });
    return { images };
  },
});
