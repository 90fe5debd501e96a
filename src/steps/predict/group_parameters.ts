/** Parameters of every step that applies a model to participants. */
import { z } from "zod";
import type { Preflight } from "../../workflow/step.ts";

export const groupParameters = {
  data_group: z.string().regex(/^[\w.+-]+$/).default("test").describe(
    "Name of the participants in every output. Without `in.participants` it is a group of the model: train or validation.",
  ),
  on_training_data: z.boolean().default(false).describe(
    "Continue although participants were trained or validated on; every output is marked as such.",
  ),
  baseline: z.boolean().default(false).describe("Take the first session of each participant only."),
  diagnoses: z.array(z.string().min(1)).optional().describe(
    "Take sessions with these diagnoses only; all when absent.",
  ),
  require_images: z.boolean().optional().describe(
    "Fail where a session has no extracted image; otherwise it is left out with a warning.",
  ),
  use_labels: z.boolean().default(true).describe("Use the true labels where there are any."),
  label: z.string().min(1).optional().describe(
    "Column of the true labels; the model's when absent.",
  ),
  selection_metrics: z.array(z.string().min(1)).min(1).optional().describe(
    "Which of the model's best networks to apply; all when absent.",
  ),
  batch_size: z.int().min(1).default(32).describe(
    "Elements a step; fewer where they do not fit the device, and `predict` takes more where they are small.",
  ),
};

export type GroupParams = z.output<z.ZodObject<typeof groupParameters>>;

/** @param subject the step, for messages */
export function groupPreflight(subject: string): Preflight<GroupParams> {
  return {
    reads: [],
    readsIfKnown: ["images", "model", "participants"],
    check: async (context) => {
      const { preflightGroup } = await import("./data_group.ts");
      return await preflightGroup(context, subject);
    },
  };
}
