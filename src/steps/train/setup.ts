/** Everything a training needs to know before it touches the device; here bad input is refused. */
import { DataError } from "../../errors.ts";
import { columnIndices, readTsv, type Table } from "../../formats/tsv.ts";
import { assertNoLeakage, type GuardedSession } from "../../tables/leakage.ts";
import type { Artifact, PreflightInput, StepContext } from "../../workflow/step.ts";
import type { DeviceService } from "../../device/open.ts";
import {
  type ImageSet,
  joinSamples,
  openImages,
  type Sample,
  type Session,
} from "../../artifacts/images.ts";
import {
  encodeLabels,
  type LabelCode,
  numericTargets,
  outputSize,
  resolveLabelCode,
} from "../model/targets.ts";

/** Parameters that this room reads; see `parameters.ts` and the two declarations. */
export interface TrainingParams {
  architecture: string;
  head: "clinicadl" | "linear";
  multi_network: boolean;
  dropout: number;
  label: string;
  label_code?: LabelCode;
  diagnoses?: readonly string[];
  selection_metrics: readonly string[];
  selection_threshold: number;
  loss: string;
  baseline: boolean;
  valid_longitudinal: boolean;
  normalize: boolean;
  normalization_level: "element" | "image";
  data_augmentation: readonly ("Noise" | "Erasing" | "CropPad" | "Smoothing")[];
  sampler: "random" | "weighted" | "sequential";
  batch_size: number;
  accumulation_steps: number;
  evaluation_steps: number;
  epochs: number;
  optimizer:
    | "Adam"
    | "AdamW"
    | "Adadelta"
    | "Adagrad"
    | "Adamax"
    | "NAdam"
    | "RAdam"
    | "ASGD"
    | "RMSprop"
    | "SGD";
  learning_rate: number;
  weight_decay: number;
  momentum: number;
  nesterov: boolean;
  gradient_clip_norm?: number;
  adaptive_learning_rate: boolean;
  learning_rate_schedule: "constant" | "step" | "cosine";
  schedule_epochs?: number;
  schedule_factor: number;
  warmup_epochs: number;
  patience: number;
  tolerance: number;
  initial_weights?: string;
  transfer_selection_metric: string;
  nb_unfrozen_layer: number;
  save_all_models: boolean;
  log_iterations: boolean;
  checkpoint_interval: number;
  seed: number;
}

export type TrainingContext = StepContext<TrainingParams, DeviceService>;

/** What a network shall answer. */
export interface Targets {
  /** Node or value of every sample. */
  targets: Float32Array<ArrayBuffer>;
  /** Of a classification. */
  labelCode?: LabelCode;
  /** Output nodes. */
  outputs: number;
  /** Classes, or 0 for a regression. */
  classes: number;
}

export interface TrainingSetup extends Targets {
  images: ImageSet;
  /** Training samples, then validation samples. */
  samples: readonly Sample[];
  training: number;
  /** Fold index and count, where the tables come from a k-fold. */
  split?: number;
  nSplits?: number;
  /** People whom a model that was transferred from had seen. */
  inherited?: Seen;
}

/** What is known of a model before it is trained or opened: of its meta, and whom it will have seen. */
export interface DeclaredModel {
  task: "classification" | "regression";
  architecture: string;
  multi_network: boolean;
  label: string;
  label_code: LabelCode;
  output_size: number;
  selection_metrics: readonly string[];
  seen: Seen;
}

/** Whom the weights of a model have seen. */
export interface Seen {
  /** Its `participants.tsv`. */
  table: Table;
  /** Whether these are all: weights from a bare file may have seen others. */
  complete: boolean;
}

/**
 * Joins tables with images and refuses what can't be trained on.
 *
 * @throws {DataError} on missing images or labels, one class, an empty class, leakage, a single
 *   element with `multi_network`
 */
export async function setUp(
  context: Pick<TrainingContext, "params" | "inputs">,
  task: "classification" | "regression",
): Promise<TrainingSetup> {
  const { params, inputs } = context;
  const images = await openImages(inputs.images as Artifact);
  const { fold, train, validation } = await tables(context);
  const trainSamples = joinSamples(train, "the training table", images, params.diagnoses);
  const validSamples = joinSamples(validation, "the validation table", images, params.diagnoses);
  const source = inputs.transfer as Artifact | undefined;
  const inherited = source && await seenBy(source);
  guard(trainSamples, validSamples, inherited?.table);

  const { elements } = images;
  if (params.multi_network && elements.length < 2) {
    throw new DataError(
      "multi_network",
      "trains one network an element, and each image has one element only; set it to false",
    );
  }
  return {
    ...targetsOf(params, task, trainSamples, validSamples),
    images,
    samples: [...trainSamples, ...validSamples],
    training: trainSamples.length,
    split: numberOf(fold?.meta.split),
    nSplits: numberOf(fold?.meta.n_splits),
    inherited,
  };
}

/** @throws {DataError} on a missing label, one class, or a class that either side lacks */
export function targetsOf(
  { label, label_code }: Pick<TrainingParams, "label" | "label_code">,
  task: "classification" | "regression",
  training: readonly Session[],
  validation: readonly Session[],
): Targets {
  if (task === "regression") {
    const targets = numericTargets([...training, ...validation], label, "the labels");
    return { targets, outputs: 1, classes: 0 };
  }
  const labelCode = resolveLabelCode(training, label, label_code, "the training table");
  const encode = (rows: readonly Session[], name: string) =>
    encodeLabels(rows, label, labelCode, `the ${name} table`, { everyClass: true });
  const targets = new Float32Array(training.length + validation.length);
  targets.set(encode(training, "training"));
  targets.set(encode(validation, "validation"), training.length);
  const outputs = outputSize(labelCode);
  return { targets, labelCode, outputs, classes: outputs };
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/**
 * Texts of the training and the validation table: of a fold, or of two tables.
 *
 * @throws {DataError} when neither or both are connected
 */
export async function tables(
  { params, inputs }: {
    params: Pick<TrainingParams, "baseline" | "valid_longitudinal">;
    inputs: Readonly<Record<string, unknown>>;
  },
) {
  const fold = inputs.folds as Artifact | undefined;
  const [train, validation] = [inputs.train, inputs.validation] as (Artifact | undefined)[];
  const session = (baseline: boolean) => baseline ? "_baseline" : "";
  if (fold && !train && !validation) {
    return {
      fold,
      train: await fold.readText(`train${session(params.baseline)}.tsv`),
      validation: await fold.readText(`validation${session(!params.valid_longitudinal)}.tsv`),
    };
  }
  if (!fold && train && validation) {
    const file = (baseline: boolean) => baseline ? "baseline.tsv" : "table.tsv";
    return {
      train: await train.readText(file(params.baseline)),
      validation: await validation.readText(file(!params.valid_longitudinal)),
    };
  }
  throw new DataError(
    "inputs",
    'connect either "in.folds" to one fold, or both "in.train" and "in.validation"',
  );
}

/** @throws {DataError} when the model's list of participants is damaged */
export async function seenBy(model: PreflightInput): Promise<Seen> {
  if ("declared" in model) return (model.declared as unknown as DeclaredModel).seen;
  const table = readTsv(await model.readText("participants.tsv"), "the model's participants.tsv");
  columnIndices(table, ["participant_id", "session_id", "role"], "the model's participants.tsv");
  return { table, complete: model.meta.leakage_checkable !== false };
}

/** Cohorts and digests are known once there are images; some tables name cohorts themselves. */
export function guarded(
  sessions: readonly (Session & { cohort?: string; sourceDigest?: string })[],
): GuardedSession[] {
  return sessions.map(({ participant, session, cohort, sourceDigest, row }) => ({
    participant,
    session,
    cohort: cohort ?? row.cohort ?? undefined,
    digest: sourceDigest,
  }));
}

/** @throws {DataError} on people who are on both sides, or whom the transferred model was trained on */
export function guard(
  training: readonly Session[],
  validation: readonly Session[],
  inherited: Table | undefined,
): void {
  const roles = [
    { role: "train", sessions: guarded(training) },
    { role: "validation", sessions: guarded(validation) },
  ];
  assertNoLeakage(roles, "train");
  if (!inherited) return;
  const role = inherited.columns.indexOf("role");
  const at = (row: Table["rows"][number], column: string) =>
    row[inherited.columns.indexOf(column)] ?? undefined;
  // Those whom it has seen for another's sake (role "other") may have been trained on too.
  const trained = inherited.rows.filter((row) => row[role] !== "validation");
  const sessions = trained.map((row) => ({
    participant: at(row, "participant_id") ?? "",
    session: at(row, "session_id") ?? "",
    digest: at(row, "source_digest"),
  }));
  assertNoLeakage([{ role: "training of the transferred model", sessions }, roles[1]], "train");
}
