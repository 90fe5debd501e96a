import { z } from "zod";
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
  size_reduction_factor: z.int().min(2).max(5).optional().describe(
    "Keep every n-th voxel along each axis.",
  ),
  ...extractionParameters,
});

type Params = z.output<typeof params>;

function cutOf(params: Params) {
  const { size_reduction_factor } = params;
  return {
    ...(size_reduction_factor !== undefined && { size_reduction_factor }),
    ...gridRecipe(params),
  };
}

export default defineStep({
  kind: "extract.images",
  version: 4,
  summary: "Takes volumes uncut, reduced in size if asked for",
  description:
    `One tensor a volume. \`size_reduction_factor\` keeps every n-th voxel: on the cropped template
(169 × 208 × 179) of ClinicaDL's window, on other grids of the largest centred one. ClinicaDL reduces
after normalising, when it loads; here normalisation sees the reduced volume. Volumes are turned to RAS, see extract.slices. NaN becomes 0, infinite
voxels are an error. Cached an image.`,
  params,
  inputs: extractionInputs,
  outputs: extractionOutputs,
  runs: "worker",
  cpu: EXTRACTION_THREADS,
  checkParams: checkGridParameters,
  ...extractionForecast<Params>((params) => ({
    mode: "image",
    channels: 1,
    recipe: { mode: "image", ...cutOf(params) },
  })),
  run: async (context) => {
    const { extractAll } = await import("./extract_images.ts");
    const { extract_json } = context.params;
    const cut = cutOf(context.params);
    const images = await extractAll(context, {
      mode: "image",
      channels: 1,
      recipe: () => ({ mode: "image", ...cut }),
      json: cut,
      extract_json,
    });
    return { images };
  },
});
