/** From the parameters of a train step to the options of the trainer. */
import type { TrainerOptions } from "../../nn/training/trainer.ts";
import type { Schedule } from "../../nn/schedule.ts";
import type { ElementData } from "../model/element_data.ts";
import type { TrainingParams } from "./parameters.ts";
import { reconstructionObjective } from "./reconstruction_objective.ts";
import type { TrainingContext, TrainingData } from "./training_data.ts";
import { transformOptions } from "../augment/transform_options.ts";

const LOSSES = {
  CrossEntropyLoss: "cross_entropy",
  MultiMarginLoss: "multi_margin",
  MSELoss: "mse",
  L1Loss: "l1",
  HuberLoss: "huber",
  SmoothL1Loss: "smooth_l1",
  FocalLoss: "focal",
  BCEWithLogitsLoss: "bce_with_logits",
  KLDivLoss: "kl_div",
} as const satisfies Record<string, TrainerOptions["loss"]>;

type GroupData = Pick<TrainerOptions, "data" | "targets">;

/** Options of every group of networks. */
export type CommonOptions = Omit<TrainerOptions, keyof GroupData | "runs" | "resume">;

/** What networks read together: every element, or where these differ in shape one of each image. */
export function groupData(
  elements: ElementData,
  { task, targets, classes }: TrainingData,
  element: number | undefined,
): GroupData {
  const data = element === undefined ? elements : elements.ofElement(element);
  if (task === "reconstruction") return { data };
  const perSample = element === undefined ? elements.elements : 1;
  const targetOf = (_: unknown, item: number) => targets[Math.floor(item / perSample)];
  return {
    data,
    targets: classes > 0
      ? Uint32Array.from({ length: data.count }, targetOf)
      : Float32Array.from({ length: data.count }, targetOf),
  };
}

export function trainerOptions(
  context: TrainingContext,
  { images, task }: Pick<TrainingData, "images" | "task">,
): CommonOptions {
  const { params } = context;
  const transforms = transformOptions(params, images, (message) => context.warn(message));
  return {
    loss: task === "reconstruction"
      ? reconstructionObjective(params)
      : LOSSES[params.loss as keyof typeof LOSSES],
    labelSmoothing: params.label_smoothing,
    focalGamma: params.focal_gamma,
    batchSize: params.batch_size,
    optimizer: optimizerOptions(params),
    schedule: scheduleOf(params),
    sampler: params.sampler,
    augmentation: params.data_augmentation,
    ...(transforms && { transforms }),
    accumulationSteps: params.accumulation_steps,
    storage: params.storage,
    onCompile: (done, all) => context.progress({ message: `compiling kernels, ${done} of ${all}` }),
  };
}

export function optimizerOptions(params: TrainingParams): TrainerOptions["optimizer"] {
  return {
    name: params.optimizer,
    learningRate: params.learning_rate,
    weightDecay: params.weight_decay,
    clipNorm: params.gradient_clip_norm,
    ...(params.optimizer === "SGD" && { momentum: params.momentum, nesterov: params.nesterov }),
  };
}

function scheduleOf(params: TrainingParams): Schedule {
  const warmUp = params.warmup_epochs;
  if (params.adaptive_learning_rate) return { kind: "plateau", warmUp };
  const every = params.schedule_epochs ?? 1;
  switch (params.learning_rate_schedule) {
    case "step":
      return { kind: "step", every, factor: params.schedule_factor, warmUp };
    case "cosine":
      return { kind: "cosine", epochs: every, warmUp };
    default:
      return { kind: "constant", warmUp };
  }
}
