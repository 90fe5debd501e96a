import { z } from "zod";
import type { DeviceService } from "../../device/open.ts";
import { defineStep } from "../../workflow/step.ts";
import { checkIntensityParameters, intensityParameters } from "../model/intensity.ts";
import { augmentationList } from "./augmentations.ts";

const params = z.object({
  augmentations: augmentationList.min(1).describe(
    "Transforms, as a train step has them; docs/how-to/augmentations.md lists them.",
  ),
  participant_id: z.string().min(1).optional().describe(
    "Participant whose image is drawn; the first when absent.",
  ),
  session_id: z.string().min(1).optional().describe("Its session; the first when absent."),
  element: z.int().min(0).optional().describe(
    "Number of the slice, patch or region, from 0; the middle one when absent.",
  ),
  n_draws: z.int().min(1).max(12).default(4).describe("Draws of each transform."),
  normalize: z.boolean().default(true).describe("As the train step's."),
  normalization_level: z.enum(["element", "image"]).default("element").describe(
    "As the train step's.",
  ),
  ...intensityParameters,
  size_reduction: z.boolean().default(false).describe("As the train step's."),
  size_reduction_factor: z.int().min(2).max(5).optional().describe("As the train step's."),
  seed: z.int().min(0).max(0xffffffff).default(0).describe("Seed of the draws."),
});

export type PreviewParams = z.output<typeof params>;

export default defineStep<typeof params, DeviceService>({
  kind: "augment.preview",
  version: 1,
  summary: "Draws each augmentation on one image",
  description:
    `A picture with the image as a network would see it in the first row, a row of draws for each transform
alone, whatever its \`p\`, and a last row of all transforms in their order and with their \`p\`. Volumes are drawn by
their middle axial, coronal and sagittal slices. Black and white are the lowest and the highest intensity of the image
in every row, so that changes of intensity show.`,
  params,
  inputs: {
    images: {
      types: ["images"],
      description: "Extracted slices, patches, regions or whole images.",
    },
  },
  outputs: {
    preview: { type: "figure", description: "The contact sheet." },
  },
  runs: "device",
  checkParams: checkIntensityParameters,
  run: async (context) => {
    const { drawPreview } = await import("./draw_preview.ts");
    return await drawPreview(context);
  },
});
