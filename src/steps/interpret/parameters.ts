/** What both interpret steps have in common. */
import { z } from "zod";
import type { InputPort, OutputPort } from "../../workflow/step.ts";
import { groupParameters } from "../predict/parameters.ts";

export const interpretationParameters = {
  target_node: z.int().min(0).default(0).describe("Output node whose logit is explained."),
  save_individual: z.boolean().default(false).describe(
    "Keep the maps of every image, not only their means.",
  ),
  ...groupParameters,
};

export const interpretationInputs = {
  model: { types: ["model"], description: "A trained model." },
  images: { types: ["images"], description: "Extracted slices of the participants." },
  participants: {
    types: ["participants", "labels"],
    description: "Sessions to explain; absent for a data group that the model knows.",
    optional: true,
  },
} as const satisfies Record<string, InputPort>;

export const interpretationOutputs = {
  attribution: {
    type: "attribution",
    description:
      "Mean maps of everyone and of each class, and those of every image where asked for: PNG, `.pt` and NIfTI.",
    publish: async (artifact, target) => {
      const { publishAttribution } = await import("./publish.ts");
      await publishAttribution(artifact, target);
    },
  },
} as const satisfies Record<string, OutputPort>;

/** How maps are stored and published; part of STEPS.md. */
export const interpretationFiles =
  `For each selection metric the mean map of every slice is the sum over images divided by their
number; \`class-<node>/\` has those of the images with one true label. Published as ClinicaDL names
them, \`mean_slice-<k>_map.pt\` and \`sub-P_ses-S_slice-<k>_map.pt\` with k the slice's index in the
volume, beside \`_map.nii.gz\`, the slices at their places in a volume with the image's affine, and
\`_map.png\`, maps over slices (an even choice if there are more than 40). Values are raw; only pictures
scale each map by itself. A mean over images on different grids has no NIfTI.`;
