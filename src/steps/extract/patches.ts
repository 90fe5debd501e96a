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
  patch_size: z.int().min(1).default(50).describe("Voxels along an edge of a cube."),
  stride_size: z.int().min(1).default(50).describe("Voxels from one cube to the next."),
  ...extractionParameters,
});

type Params = z.output<typeof params>;

function cutOf(params: Params) {
  const { patch_size, stride_size } = params;
  return { patch_size, stride_size, ...gridRecipe(params) };
}

export default defineStep({
  kind: "extract.patches",
  version: 4,
  summary: "Cuts volumes into cubes on a regular grid",
  description:
    `Along each axis there are ⌊(voxels − patch_size) / stride_size⌋ + 1 cubes, the last axis
varying fastest, as in ClinicaDL; voxels behind the last cube belong to none. Volumes are turned to RAS, see extract.slices. NaN becomes 0, infinite
voxels are an error. Cached an image.`,
  params,
  inputs: extractionInputs,
  outputs: extractionOutputs,
  runs: "worker",
  cpu: EXTRACTION_THREADS,
  checkParams: checkGridParameters,
  ...extractionForecast<Params>((params) => ({
    mode: "patch",
    channels: 1,
    recipe: { mode: "patch", ...cutOf(params) },
  })),
  run: async (context) => {
    const { extractAll } = await import("./extract_images.ts");
    const { extract_json } = context.params;
    const cut = cutOf(context.params);
    const images = await extractAll(context, {
      mode: "patch",
      channels: 1,
      recipe: () => ({ mode: "patch", ...cut }),
      json: cut,
      extract_json,
    });
    return { images };
  },
});
