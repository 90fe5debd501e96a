import { z } from "zod";
import { defineStep } from "../../workflow/step.ts";
import type { DeviceService } from "../../device/open.ts";
import { groupParameters, groupPreflight } from "./parameters.ts";

const params = z.object({
  ...groupParameters,
  voting: z.enum(["soft", "hard"]).default("soft").describe(
    "From elements to images: weigh each element by its accuracy on the validation set, or all alike.",
  ),
  selection_threshold: z.number().min(0).max(1).optional().describe(
    "Elements with a lower validation accuracy have no soft vote; the model's when absent.",
  ),
});

export default defineStep<typeof params, DeviceService>({
  kind: "predict",
  version: 1,
  summary: "Applies a model to participants it has not seen",
  description:
    `Gives predictions of every element and, by votes, of every image. Whoever was trained or
validated on is refused, under whatever name, unless \`on_training_data\` or the data group \`train\` or
\`validation\` asks for it; weights whose participants are unknown are marked \`not checkable\`.

Unlike ClinicaDL: votes are always weighed by the validation set, never by the labels of the group
that is predicted; the check for leakage compares image digests too and can't be skipped; images are
extracted as the model's training images were, or the step fails.`,
  params,
  inputs: {
    model: { types: ["model"], description: "A trained model." },
    images: { types: ["images"], description: "Extracted slices of the participants." },
    participants: {
      types: ["participants", "labels"],
      description: "Sessions to predict; absent for a data group that the model knows.",
      optional: true,
    },
  },
  outputs: {
    predictions: { type: "predictions", description: "Tables at element and image level." },
  },
  runs: "device",
  checkParams: ({ voting, selection_threshold }) =>
    voting === "hard" && selection_threshold !== undefined
      ? [{ parameter: "selection_threshold", message: "hard voting takes no selection_threshold" }]
      : [],
  preflight: groupPreflight("predict"),
  run: async (context) => {
    const { predictImages } = await import("./apply_model.ts");
    return { predictions: await predictImages(context) };
  },
});
