/** Parameters, ports and the part of the description that both interpret steps declare. */
import { z } from "zod";
import type { InputPort, OutputPort } from "../../workflow/step.ts";
import { groupParameters } from "../predict/group_parameters.ts";

export const attributionParameters = {
  target_node: z.int().min(0).default(0).describe("Output node whose logit is explained."),
  save_individual: z.boolean().default(false).describe(
    "Keep the maps of every image, not only their means.",
  ),
  ...groupParameters,
};

export type AttributionParams = z.output<z.ZodObject<typeof attributionParameters>>;

export const attributionInputs = {
  model: { types: ["model"], description: "A trained model." },
  images: { types: ["images"], description: "Extracted images of the participants." },
  participants: {
    types: ["participants", "labels"],
    description: "Sessions to explain; absent for a data group of the model.",
    optional: true,
  },
} as const satisfies Record<string, InputPort>;

export const attributionOutputs = {
  attribution: {
    type: "attribution",
    description:
      "Mean maps of everyone and of each class, and on request those of every image: PNG, `.pt` and NIfTI.",
    publish: async (artifact, target) => {
      const { publishAttribution } = await import("./publish_attribution.ts");
      await publishAttribution(artifact, target);
    },
  },
} as const satisfies Record<string, OutputPort>;

/** How maps are stored and published; part of STEPS.md. */
export const attributionFiles =
  `For each selection metric the mean map of every element (slice, patch, region or image) is the sum over
images divided by their number; \`class-<node>/\` has those of the images with one true label. Published
as ClinicaDL names them, \`mean_slice-<k>_map.pt\` and \`sub-P_ses-S_slice-<k>_map.pt\` with k the
slice's index in the volume (of patches, regions and images their number from 0), with
\`_map.nii.gz\`, the elements at their places in a volume with the image's affine, means where
patches or regions overlap, and \`_map.png\`: maps over slices (40 at most, evenly spaced), or over an
axial, a coronal and a sagittal slice of each volume (18 at most) where its map is largest. Values are
raw; only pictures scale each map by itself. A mean over images on different grids has no NIfTI.`;
