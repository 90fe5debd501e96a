/** Inputs and output of every train step. */
import type { InputPort, OutputPort, Preflight } from "../../workflow/step.ts";
import type { PreflightParams } from "./preflight.ts";

export const trainingInputs = {
  images: { types: ["images"], description: "Extracted slices." },
  folds: {
    types: ["fold"],
    description:
      "One fold: its training and validation tables. Or connect `train` and `validation`.",
    optional: true,
  },
  train: {
    types: ["participants", "labels"],
    description: "Training sessions, in place of a fold.",
    optional: true,
  },
  validation: {
    types: ["participants", "labels"],
    description: "Validation sessions, in place of a fold.",
    optional: true,
  },
  transfer: {
    types: ["model"],
    description: "A trained model to begin with, of a train step, `maps.open` or `model.open`.",
    optional: true,
  },
} as const satisfies Record<string, InputPort>;

export const trainingOutputs = {
  model: {
    type: "model",
    description: "Best weights of every selection metric, curves, and predictions of both sets.",
  },
} as const satisfies Record<string, OutputPort>;

/** Problems of the tables, and leakage, can be told before there are images. */
export function trainingPreflight(
  task: "classification" | "regression",
): Preflight<PreflightParams> {
  return {
    reads: ["folds", "train", "validation", "transfer"],
    check: async (context) => {
      const { preflightTraining } = await import("./preflight.ts");
      return await preflightTraining(context, task);
    },
  };
}

/** What both train steps do otherwise than ClinicaDL; part of STEPS.md. */
export const trainingDifferences =
  `Training is a function of its inputs and \`seed\`: weights, order of samples, dropout and
augmentation. A killed or interrupted run goes on from its newest checkpoint with the same final
bytes, and raising \`epochs\` continues where fewer ended.

Unlike ClinicaDL: losses are means over samples, not sums of batch means; the order of samples
follows \`seed\`; \`accumulation_steps\` averages gradients; all metrics can select, with any number of
classes; a NaN stops the training with the step and the layer where it began, rather than blocking
the selection; soft votes of the validation set weigh elements by that set, those of the training
set too.

ClinicaDL's options that are not here: \`n_splits\` and \`split\` (the workflow's matrix);
\`transfer_path\` (\`in.transfer\`); \`multi_cohort\` (\`caps.open\` takes several data sets); \`gpu\`,
\`n_proc\` and \`fully_sharded_data_parallel\` (there is one device); \`amp\` (arithmetic is float32);
\`deterministic\` and \`compensation\` (always deterministic); \`track_exp\`, \`profiler\` and
\`emissions_calculator\` (curves are in the report and the event files, \`gyrus doctor\` measures the
device); \`size_reduction\` (of whole images, by \`extract.images\`) and the augmentations of torchio,
which need volumes; \`ssda_network\` and its targets, which later versions dropped. \`config_file\`
reads such a key where it does nothing, and refuses it with the reason where it would.`;
