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

const params = z.object(extractionParameters);

type Params = z.output<typeof params>;

export default defineStep({
  kind: "extract.images",
  version: 4,
  summary: "Takes volumes uncut",
  description:
    `One tensor a volume. Networks may take volumes reduced in size: see \`size_reduction\`
of train.classification. Volumes are turned to RAS, see extract.slices. NaN becomes 0, infinite voxels
are an error. Cached an image.`,
  params,
  replaced: {
    size_reduction_factor:
      "images are reduced when networks load them: set size_reduction = true and " +
      "size_reduction_factor of the train step",
  },
  inputs: extractionInputs,
  outputs: extractionOutputs,
  runs: "worker",
  cpu: EXTRACTION_THREADS,
  checkParams: checkGridParameters,
  ...extractionForecast<Params>((params) => ({
    mode: "image",
    channels: 1,
    recipe: { mode: "image", ...gridRecipe(params) },
  })),
  run: async (context) => {
    const { extractAll } = await import("./extract_images.ts");
    const { extract_json } = context.params;
    const grid = gridRecipe(context.params);
    const images = await extractAll(context, {
      mode: "image",
      channels: 1,
      recipe: () => ({ mode: "image", ...grid }),
      json: grid,
      extract_json,
    });
    return { images };
  },
});
