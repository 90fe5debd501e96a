/**
 * Parameters of the train steps. Names and defaults are ClinicaDL's unless a description states
 * another; what ClinicaDL fixes silently (momentum, schedules) is a parameter here.
 */
import { z } from "zod";
import { CLASSIFICATION_METRICS } from "../../evaluation/classification_metrics.ts";
import { RECONSTRUCTION_METRICS } from "../../evaluation/reconstruction_scores.ts";
import { AUGMENTATIONS, AUTOENCODERS, NETWORKS, OPTIMIZERS } from "../../nn/names.ts";
import { pathParameter } from "../../workflow/path_parameter.ts";
import { autoencoderParameters, isAutoencoder } from "../model/autoencoder_parameters.ts";
import {
  checkRandomArchitecture,
  randomArchitectureParameters,
} from "../model/random_architecture.ts";
import { checkIntensityParameters, intensityParameters } from "../model/intensity.ts";
import {
  checkVolumeParameters,
  sizeReductionParameters,
  volumeParameters,
} from "../model/volume_parameters.ts";
import { augmentationsParameter, LATERAL_FLIPS } from "../augment/augmentations.ts";

const positive = z.number().positive();
const count = z.int().min(0);

const word = z.string().min(1);

/** Parameters of networks that end in output nodes. */
const networkParameters = {
  architecture: z.enum(NETWORKS).default("Conv5_FC3").describe("Network to train."),
  head: z.enum(["clinicadl", "linear"]).optional().describe(
    "End of a ResNet: ClinicaDL's (Linear 512 to 1000, dropout, Linear to the outputs; of slices when absent) or one plain linear layer (of volumes when absent, which have no other).",
  ),
  dropout: z.number().min(0).max(0.95).optional().describe(
    "Share of features dropped before linear layers; when absent 0.8 of ResNet3D, 0.5 of SqueezeExcitationCNN, as ClinicaDL has them, and 0 of the others.",
  ),
  ...volumeParameters,
  ...randomArchitectureParameters,
};

/** Parameters of every task. */
const trainingParameters = {
  multi_network: z.boolean().default(false).describe(
    "Train one network a slice position (or patch, or ROI) rather than one for all.",
  ),
  diagnoses: z.array(word).optional().describe(
    "Train and validate on sessions with these diagnoses only; all when absent.",
  ),
  baseline: z.boolean().default(false).describe(
    "Train on the first session of each participant only.",
  ),
  valid_longitudinal: z.boolean().default(false).describe(
    "Validate on all sessions, not on the first alone.",
  ),
  require_images: z.boolean().optional().describe(
    "Fail where a session has no extracted image; otherwise it is left out with a warning.",
  ),
  normalize: z.boolean().default(true).describe(
    "Min-max normalise the input to [0, 1]; a blank one becomes zeros.",
  ),
  normalization_level: z.enum(["element", "image"]).default("element").describe(
    "Range of the normalisation: each element by itself, as ClinicaDL does, or the whole image, which keeps relative intensities.",
  ),
  ...intensityParameters,
  data_augmentation: z.array(z.enum(AUGMENTATIONS)).default([]).describe(
    "Augmentations of training batches, whatever their order here: CropPad, then Smoothing, Noise and Erasing. Volumes are shifted and smoothed along all three axes; Erasing takes one rectangle of all their planes.",
  ),
  augmentations: augmentationsParameter,
  sampler: z.enum(["random", "weighted", "sequential"]).default("random").describe(
    "Order of training samples: shuffled each epoch, drawn with replacement by inverse class frequency, or as listed.",
  ),
  batch_size: z.int().min(1).default(8).describe("Samples a step."),
  accumulation_steps: z.int().min(1).default(1).describe(
    "Batches whose mean gradient makes one optimizer step. (ClinicaDL sums them.)",
  ),
  evaluation_steps: count.default(0).describe(
    "Batches between evaluations within an epoch; 0 evaluates at its end only. They are in the curves and choose no network.",
  ),
  training_curve: z.enum(["both", "validation"]).default("both").describe(
    "Sets whose metrics are computed at each evaluation: the training and the validation set, as in ClinicaDL, or the validation set alone, which saves a pass over the training set. Its columns of training.tsv are then n/a, and its prediction tables are absent. Metrics of the validation set are the same up to rounding.",
  ),
  epochs: z.int().min(1).default(20).describe(
    "Passes over the training set. Raising it continues an earlier run.",
  ),
  optimizer: z.enum(OPTIMIZERS).default("Adam").describe("Optimizer, by PyTorch's definition."),
  learning_rate: positive.default(1e-4).describe("Initial learning rate."),
  weight_decay: z.number().min(0).default(1e-4).describe("L2 penalty; decoupled for AdamW."),
  momentum: z.number().min(0).max(0.9999).default(0).describe("Momentum of SGD."),
  nesterov: z.boolean().default(false).describe("Nesterov momentum of SGD."),
  gradient_clip_norm: positive.optional().describe(
    "Largest norm of the gradient of all parameters; longer gradients are scaled down.",
  ),
  adaptive_learning_rate: z.boolean().default(false).describe(
    "Divide the learning rate by ten when the validation loss has not improved for ten epochs.",
  ),
  learning_rate_schedule: z.enum(["constant", "step", "cosine"]).default("constant").describe(
    "Change of the learning rate from epoch to epoch.",
  ),
  schedule_epochs: z.int().min(1).optional().describe(
    "Horizon of the cosine schedule, or epochs between the steps of the step schedule. Required by both.",
  ),
  schedule_factor: positive.max(1).default(0.1).describe(
    "Factor by which the step schedule multiplies the rate.",
  ),
  warmup_epochs: count.default(0).describe(
    "Epochs over which the learning rate rises linearly to its value.",
  ),
  patience: count.default(0).describe(
    "Stop after so many epochs without a better validation loss, or `stopping_metric`; 0 never stops early.",
  ),
  tolerance: z.number().min(0).max(1).default(0).describe(
    "Relative improvement of the loss, or `stopping_metric`, that counts as better.",
  ),
  config_file: pathParameter().optional().describe(
    "ClinicaDL's TOML configuration; parameters that the step sets take precedence.",
  ),
  initial_weights: pathParameter().optional().describe(
    "Initial weights: .safetensors, .pt, .pth or .pth.tar under PyTorch's names; random when absent. A head of another shape is initialised at random.",
  ),
  transfer_selection_metric: z.string().default("loss").describe(
    "Selection metric of the source model whose best network is transferred.",
  ),
  nb_unfrozen_layer: count.default(0).describe(
    "With transferred weights: train only the last so many layers (a weight and a bias each); 0 trains all.",
  ),
  save_all_models: z.boolean().default(false).describe("Keep the weights of every epoch."),
  log_iterations: z.boolean().default(false).describe("Keep the training loss of every iteration."),
  checkpoint_interval: z.number().min(0).default(30).describe(
    "Seconds of training that a kill may cost: a checkpoint is written at the end of an epoch when so many have passed; 0 writes one after each epoch.",
  ),
  seed: z.int().min(0).max(0xffffffff).default(0).describe(
    "Seed of weights, sample order, dropout and augmentation.",
  ),
};

const CVAE_3D_REFUSED =
  "can't be CVAE_3D, whose 867 million parameters take 13 GiB with Adam: take CVAE_3D_half or " +
  "CVAE_3D_final_conv, with size_reduction = true";

const RECONSTRUCTION_LOSSES = [
  "MSELoss",
  "L1Loss",
  "HuberLoss",
  "SmoothL1Loss",
  "KLDivLoss",
  "BCEWithLogitsLoss",
  "VAEGaussianLoss",
  "VAEBernoulliLoss",
  "VAEContinuousBernoulliLoss",
] as const;

const classMetrics = ["loss", ...CLASSIFICATION_METRICS] as const;
const valueMetrics = ["loss", "MAE", "RMSE", "R2_score"] as const;

const stoppingDescription =
  "Metric of the validation set by which `patience` stops the training; the loss when absent.";

const storageParameter = z.enum(["f32", "f16"]).optional().describe(
  "Type by which activations and their gradients are stored in training and its evaluations; f16 halves them, on GPUs that offer shader-f16. All arithmetic is in float32. f32 when absent.",
);

export const classificationParameters = z.object({
  ...networkParameters,
  ...trainingParameters,
  label: word.default("diagnosis").describe("Column to predict."),
  label_code: z.record(z.string(), z.int().min(0)).optional().describe(
    "Output node of each label, such as { AD = 0, CN = 1 }; several labels may share one. Absent: the sorted labels.",
  ),
  selection_metrics: z.array(z.enum(classMetrics)).min(1).default(["loss"]).describe(
    "Metrics of the validation set that each choose a best network.",
  ),
  selection_threshold: z.number().min(0).max(1).default(0).describe(
    "Elements with a lower validation accuracy have no soft vote.",
  ),
  loss: z.enum(["CrossEntropyLoss", "MultiMarginLoss", "FocalLoss"]).default("CrossEntropyLoss")
    .describe(
      "Loss, by PyTorch's definition; FocalLoss (Lin et al. 2017) is cross-entropy times (1 - p)^gamma, p the probability of the true class.",
    ),
  class_weights: z.union([z.literal("balanced"), z.record(z.string(), positive)]).optional()
    .describe(
      "Weight of each class in the loss, PyTorch's `weight`: a table by label, or the inverse frequencies in the training set, scaled to a mean of 1 over its samples; 1 each when absent.",
    ),
  label_smoothing: z.number().min(0).max(1).optional().describe(
    "Share of every target that all classes get alike, PyTorch's parameter of CrossEntropyLoss; 0 when absent.",
  ),
  focal_gamma: z.number().min(0).optional().describe(
    "The gamma of FocalLoss; 2 when absent.",
  ),
  storage: storageParameter,
  stopping_metric: z.enum(classMetrics).optional().describe(stoppingDescription),
});

export const regressionParameters = z.object({
  ...networkParameters,
  ...trainingParameters,
  label: word.default("age").describe("Numeric column to predict."),
  selection_metrics: z.array(z.enum(valueMetrics)).min(1).default(["loss"])
    .describe("Metrics of the validation set that each choose a best network."),
  storage: storageParameter,
  stopping_metric: z.enum(valueMetrics).optional().describe(stoppingDescription),
  loss: z.enum([
    "MSELoss",
    "L1Loss",
    "HuberLoss",
    "SmoothL1Loss",
    "BCEWithLogitsLoss",
    "KLDivLoss",
  ]).default("MSELoss").describe("Loss, by PyTorch's definition."),
});

export const reconstructionParameters = z.object({
  architecture: z.enum(AUTOENCODERS, {
    error: ({ input }) => input === "CVAE_3D" ? CVAE_3D_REFUSED : undefined,
  }).default("AE_Conv5_FC3").describe("Autoencoder to train."),
  ...autoencoderParameters,
  ...sizeReductionParameters,
  ...trainingParameters,
  label: word.default("diagnosis").describe(
    "Column that colours the report's latents and heads the participants' tables; nothing is trained on it.",
  ),
  selection_metrics: z.array(z.enum(["loss", ...RECONSTRUCTION_METRICS])).min(1).default(["loss"])
    .describe("Metrics of the validation set that each choose a best network."),
  stopping_metric: z.enum(["loss", ...RECONSTRUCTION_METRICS]).optional().describe(
    stoppingDescription,
  ),
  loss: z.enum(RECONSTRUCTION_LOSSES).optional().describe(
    "Loss, by PyTorch's definition, or VAEGaussianLoss (squared error), VAEBernoulliLoss (binary cross-entropy) or VAEContinuousBernoulliLoss of variational autoencoders. MSELoss when absent, VAEGaussianLoss of variational ones.",
  ),
  recons_weight: z.number().min(0).optional().describe(
    "Variational autoencoders: factor of the reconstruction's term, a mean over samples of sums over voxels; 1 when absent.",
  ),
  kl_weight: z.number().min(0).optional().describe(
    "Variational autoencoders: factor of the Kullback-Leibler divergence, a mean over samples; 1 when absent.",
  ),
});

type Classification = z.output<typeof classificationParameters>;
type Regression = z.output<typeof regressionParameters>;
export type ReconstructionParams = z.output<typeof reconstructionParameters>;

/** A task's own parameters; those of other tasks are absent. */
type OfTask<Own> =
  & Own
  & {
    [
      Name in Exclude<
        keyof Classification | keyof Regression | keyof ReconstructionParams,
        keyof Own
      >
    ]?: undefined;
  };

/** Parameters of a train step of any task. */
export type TrainingParams =
  | OfTask<Classification>
  | OfTask<Regression>
  | OfTask<ReconstructionParams>;

/** Notes for the plan: the initial weights, and flips that exchange left and right. */
export function trainingNotes(
  { initial_weights, seed, augmentations = [] }: Pick<
    TrainingParams,
    "initial_weights" | "seed" | "augmentations"
  >,
  connected: readonly string[],
): string[] {
  const lateral = augmentations.some(({ flip }) => flip?.axes.includes("left_right"))
    ? [LATERAL_FLIPS]
    : [];
  if (connected.includes("transfer")) return ["starts from transferred weights", ...lateral];
  return [
    ...lateral,
    initial_weights === undefined
      ? `starts from random weights (seed ${seed})`
      : `starts from the weights of ${initial_weights.slice(initial_weights.lastIndexOf("/") + 1)}`,
  ];
}

/** Problems of several parameters together. */
export function checkTrainingParameters(
  params: TrainingParams,
): { parameter: string; message: string; suggestion?: string }[] {
  const problems: { parameter: string; message: string; suggestion?: string }[] = [
    ...checkVolumeParameters(params),
    ...isAutoencoder(params.architecture) ? [] : checkRandomArchitecture(params),
    ...checkIntensityParameters(params),
    ...checkLossParameters(params),
  ];
  const scheduled = params.learning_rate_schedule !== "constant";
  if (scheduled && params.schedule_epochs === undefined) {
    problems.push({
      parameter: "learning_rate_schedule",
      message: `the ${params.learning_rate_schedule} schedule needs "schedule_epochs"`,
      suggestion: "set schedule_epochs; it is part of the cache key, epochs is not",
    });
  }
  if (scheduled && params.adaptive_learning_rate) {
    problems.push({
      parameter: "adaptive_learning_rate",
      message: "adaptive_learning_rate and learning_rate_schedule exclude each other",
    });
  }
  if (params.momentum > 0 && params.optimizer !== "SGD") {
    problems.push({ parameter: "momentum", message: `${params.optimizer} takes no momentum` });
  } else if (params.nesterov && params.momentum === 0) {
    problems.push({ parameter: "nesterov", message: "nesterov needs SGD with a momentum above 0" });
  }
  return problems;
}

/** Options of a loss that another loss lacks, and of early stopping where nothing stops. */
function checkLossParameters(
  { loss, class_weights, label_smoothing, focal_gamma, stopping_metric, patience }: TrainingParams,
): { parameter: string; message: string; suggestion?: string }[] {
  const problems = [];
  if (label_smoothing !== undefined && loss !== "CrossEntropyLoss") {
    problems.push({ parameter: "label_smoothing", message: `${loss} has no label_smoothing` });
  }
  if (focal_gamma !== undefined && loss !== "FocalLoss") {
    problems.push({ parameter: "focal_gamma", message: `${loss} has no focal_gamma` });
  }
  if (class_weights !== undefined && Object.keys(class_weights).length === 0) {
    problems.push({ parameter: "class_weights", message: "class_weights names no class" });
  }
  if (stopping_metric !== undefined && patience === 0) {
    problems.push({
      parameter: "stopping_metric",
      message: "stopping_metric changes nothing, since patience 0 never stops early",
      suggestion: "set patience",
    });
  }
  return problems;
}
