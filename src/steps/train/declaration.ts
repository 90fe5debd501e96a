/** What the train steps declare alike. */
import type { DeviceService } from "../../device/open.ts";
import type { Task } from "../../evaluation/predictions.ts";
import type {
  InputPort,
  OutputPort,
  Preflight,
  PreflightInput,
  StepContext,
} from "../../workflow/step.ts";
import { intensityParameters } from "../model/intensity.ts";
import { trainingNotes, type TrainingParams } from "./parameters.ts";

const inputs = {
  images: { types: ["images"], description: "Extracted slices, patches, regions or whole images." },
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
    description:
      "A model whose weights are transferred, of a train step, `maps.open` or `model.open`.",
    optional: true,
  },
} as const satisfies Record<string, InputPort>;

const outputs = {
  model: {
    type: "model",
    description: "Best weights of every selection metric, curves, and predictions of both sets.",
  },
} as const satisfies Record<string, OutputPort>;

const description =
  `Training is a function of its inputs and \`seed\`: weights, order of samples, dropout and
augmentation. A killed or interrupted run continues from its newest checkpoint with the same final
bytes, and raising \`epochs\` continues where fewer ended; the checkpoint for that takes up to three
times the disk of the weights, of each network. Nobody may be in both the training and the
validation set, also under two names: images are compared by their bytes and by the voxels that the
network sees.

Unlike ClinicaDL: losses are means over samples, not sums of batch means; the order of samples
follows \`seed\`; \`accumulation_steps\` averages gradients; all metrics can select, with any number of
classes; a NaN stops the training and names the step and the layer where it began, rather than
blocking the selection; soft votes of the validation set weigh elements by that set, those of the training
set too.

ClinicaDL's options that are not here: \`n_splits\` and \`split\` (the workflow's matrix);
\`transfer_path\` (\`in.transfer\`); \`multi_cohort\` (\`caps.open\` takes several data sets); \`gpu\`,
\`n_proc\` and \`fully_sharded_data_parallel\` (there is one device); \`amp\` (arithmetic is float32);
\`deterministic\` and \`compensation\` (always deterministic); \`track_exp\`, \`profiler\` and
\`emissions_calculator\` (curves are in the report and the event files, \`gyrus doctor\` measures the
device); \`ssda_network\` and its targets, which later versions dropped. \`config_file\`
reads such a key where it does nothing, and refuses it with the reason where it would.`;

const reconstructionDescription = `${description}

The networks are trained to give back what they see, augmentations included. At each evaluation
\`training.tsv\` gets the loss, MAE, RMSE and PSNR; of variational autoencoders also \`recon_loss\` and
\`kl_loss\`, the two terms before their weights; SSIM where it selects a network, since it is computed
by the processor. Outside of training the latent is its mean, so that results do not depend on chance.

Both terms of a variational loss are means over samples of sums over voxels (or latent numbers).
ClinicaDL 1.6.1 sums the reconstruction over the batch and averages the divergence over it:
its \`recons_weight\` w at a batch size of B is w·B here, which \`config_file\` converts. It ignores
\`recons_weight\` of the CVAEs, so w is 1; its VAEContinuousBernoulliLoss exchanges the two weights and
adds the logarithm of the normalising constant, which has to be subtracted.

A transfer between a classification network and an autoencoder takes the convolutions and leaves the
rest at random, both ways.`;

const preflight = (task: Task): Preflight<TrainingParams> => ({
  reads: [],
  readsIfKnown: ["images", "folds", "train", "validation", "transfer"],
  check: async (context) => {
    const { preflightTraining } = await import("./preflight.ts");
    return await preflightTraining(context, task);
  },
});

/** Of a training: errors of a reconstruction depend on the scale of what is given back. */
function metricParameters(task: Task, metric: string): string[] {
  const isLoss = metric === "loss";
  const common = ["diagnoses", "valid_longitudinal", ...isLoss ? ["loss"] : []];
  if (task !== "reconstruction") {
    const weights = isLoss ? ["class_weights", "label_smoothing", "focal_gamma"] : [];
    return [...common, "label", "label_code", ...weights];
  }
  return [
    ...common,
    ...isLoss ? ["recons_weight", "kl_weight"] : [],
    ...["normalize", "normalization_level", ...Object.keys(intensityParameters)],
    ...["size_reduction", "size_reduction_factor"],
  ];
}

/** Everything but the kind, its parameters and their checks. */
export function trainingDeclaration(task: Task) {
  return {
    version: 3,
    description: task === "reconstruction" ? reconstructionDescription : description,
    inputs,
    outputs,
    runs: "device",
    chain: "epochs",
    unkeyed: ["checkpoint_interval"],
    preset: {
      parameter: "config_file",
      parse: async (text: string, subject: string) => {
        const { parseClinicadlConfig } = await import("./clinicadl_config.ts");
        return parseClinicadlConfig(text, subject, task);
      },
      // ClinicaDL searches among networks that predict labels.
      ...(task !== "reconstruction" && {
        parseSpace: async (text: string, subject: string) => {
          const { parseRandomSearch } = await import("./random_search.ts");
          return parseRandomSearch(text, subject, task);
        },
      }),
    },
    metricParameters: (metric: string) => metricParameters(task, metric),
    planNotes: trainingNotes,
    preflight: preflight(task),
    estimate: async (
      params: TrainingParams,
      { images }: Readonly<Record<string, readonly PreflightInput[]>>,
    ) => {
      if (images === undefined) return {};
      const { estimateTraining } = await import("./forecast.ts");
      const { describeImages } = await import("../../artifacts/images.ts");
      return estimateTraining(params, await describeImages(images[0]));
    },
    checkInputs: async (context: Pick<StepContext<TrainingParams>, "params" | "inputs">) => {
      const { digestRepeatedTensors } = await import("../../artifacts/tensor_digests.ts");
      const { openTrainingData } = await import("./training_data.ts");
      await openTrainingData(context, task, digestRepeatedTensors);
    },
    run: async (context: StepContext<TrainingParams, DeviceService>) => {
      const { trainModel } = await import("./train_model.ts");
      return { model: await trainModel(context, task) };
    },
  } as const;
}
