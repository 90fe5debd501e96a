/** Reads the tables and images of a training, and refuses what can't be trained on. */
import {
  describeImageSet,
  type ImageSet,
  joinSamples,
  openImages,
  type Sample,
  type Session,
} from "../../artifacts/images.ts";
import { readLabelsText } from "../../artifacts/labels.ts";
import {
  type LabelCode,
  participantsSeenBy,
  type SeenParticipants,
} from "../../artifacts/model.ts";
import { toGuardedSessions } from "../../artifacts/participants_table.ts";
import { subsetFile } from "../../artifacts/split.ts";
import type { DeviceService } from "../../device/open.ts";
import { DataError } from "../../errors.ts";
import type { Task } from "../../evaluation/predictions.ts";
import type { Table } from "../../formats/tsv.ts";
import type { Network } from "../../nn/network.ts";
import { assertNoLeakage } from "../../tables/leakage.ts";
import type { Artifact, StepContext } from "../../workflow/step.ts";
import { encodeLabels, numericTargets, outputSize, resolveLabelCode } from "../model/targets.ts";
import { resolveClassWeights } from "./class_weights.ts";
import { checkBatches } from "./batch_check.ts";
import type { TrainingParams } from "./parameters.ts";
import { planNetworks } from "./plan_networks.ts";
import { transformOptions } from "../augment/transform_options.ts";

export type TrainingContext = StepContext<TrainingParams, DeviceService>;

export interface Targets {
  /** Node or value of every sample; none of a reconstruction, whose target is its input. */
  targets: Float32Array<ArrayBuffer>;
  /** Of a classification. */
  labelCode?: LabelCode;
  /** Output nodes; 0 of a reconstruction. */
  outputs: number;
  /** Classes, or 0 where there are none. */
  classes: number;
  /** One a class, with `class_weights`. */
  classWeights?: readonly number[];
}

export interface TrainingData extends Targets {
  task: Task;
  images: ImageSet;
  /** One for all elements, or one an element where these differ in shape. */
  networks: readonly Network[];
  /** Training samples, then validation samples. */
  samples: readonly Sample[];
  /** Number of training samples. */
  training: number;
  /** Fold index and count, where the tables come from a k-fold. */
  split?: number;
  nSplits?: number;
  /** Participants that the transferred model was trained or validated on. */
  inherited?: SeenParticipants;
}

/**
 * Joins tables with images.
 *
 * @param digest adds the digests of tensors by which leakage is found
 * @throws {DataError} on missing images or labels, one class, an empty class, leakage, images that the
 *   network or an augmentation can't take, and batches on which it can't train
 */
export async function openTrainingData(
  context: Pick<TrainingContext, "params" | "inputs"> & { warn?(message: string): void },
  task: Task,
  digest: (images: Artifact, samples: readonly Sample[]) => Promise<Sample[]>,
): Promise<TrainingData> {
  const { params, inputs, warn } = context;
  const images = await openImages(inputs.images as Artifact);
  const { fold, train, validation } = await readTables(context);
  const join = { diagnoses: params.diagnoses, requireImages: params.require_images, warn };
  const joined = joinSamples(train, "the training table", images, join);
  const training = joined.length;
  joined.push(...joinSamples(validation, "the validation table", images, join));
  const samples = await digest(images.artifact, joined);
  const [trainSamples, validSamples] = [samples.slice(0, training), samples.slice(training)];
  const source = inputs.transfer as Artifact | undefined;
  const inherited = source && await participantsSeenBy(source);
  assertNoTrainingLeakage(trainSamples, validSamples, inherited?.table);

  transformOptions(params, images);
  const resolved = resolveTargets(params, task, trainSamples, validSamples);
  const networks = planNetworks(params, describeImageSet(images), resolved.outputs)!;
  checkBatches(params, networks, { elements: images.elements.length, training });
  return {
    ...resolved,
    task,
    images,
    networks,
    samples,
    training,
    split: numberOf(fold?.meta.split),
    nSplits: numberOf(fold?.meta.n_splits),
    inherited,
  };
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** @throws {DataError} on a missing label, one class, or a class that one of the sets lacks */
export function resolveTargets(
  { label, label_code, class_weights }: Pick<
    TrainingParams,
    "label" | "label_code" | "class_weights"
  >,
  task: Task,
  training: readonly Session[],
  validation: readonly Session[],
): Targets {
  if (task === "reconstruction") return { targets: new Float32Array(), outputs: 0, classes: 0 };
  if (task === "regression") {
    const targets = numericTargets([...training, ...validation], label, "the labels");
    return { targets, outputs: 1, classes: 0 };
  }
  const labelCode = resolveLabelCode(training, label, label_code, "the training table");
  const encode = (rows: readonly Session[], name: string) =>
    encodeLabels(rows, label, labelCode, `the ${name} table`, {
      everyClass: true,
      missing: "refuse",
    });
  const targets = new Float32Array(training.length + validation.length);
  targets.set(encode(training, "training"));
  targets.set(encode(validation, "validation"), training.length);
  const outputs = outputSize(labelCode);
  const classWeights = resolveClassWeights(
    class_weights,
    labelCode,
    targets.subarray(0, training.length),
  );
  return { targets, labelCode, outputs, classes: outputs, classWeights };
}

/**
 * Texts of the training and the validation table: of a fold, or of two tables.
 *
 * @throws {DataError} when neither or both are connected
 */
export async function readTables(
  { params, inputs }: {
    params: Pick<TrainingParams, "baseline" | "valid_longitudinal">;
    inputs: Readonly<Record<string, unknown>>;
  },
): Promise<{ fold?: Artifact; train: string; validation: string }> {
  const fold = inputs.folds as Artifact | undefined;
  const [train, validation] = [inputs.train, inputs.validation] as (Artifact | undefined)[];
  const { baseline } = params;
  const firstOnly = !params.valid_longitudinal;
  if (fold && !train && !validation) {
    return {
      fold,
      train: await fold.readText(subsetFile("train", { baseline })),
      validation: await fold.readText(subsetFile("validation", { baseline: firstOnly })),
    };
  }
  if (!fold && train && validation) {
    return {
      train: await readLabelsText(train, { baseline }),
      validation: await readLabelsText(validation, { baseline: firstOnly }),
    };
  }
  throw new DataError(
    "inputs",
    'connect either "in.folds" to one fold, or both "in.train" and "in.validation"',
  );
}

/**
 * @param inherited `participants.tsv` of a transferred model
 * @throws {DataError} on participants that are in both sets, or in the validation set and the
 *   training set of the transferred model
 */
export function assertNoTrainingLeakage(
  training: readonly Session[],
  validation: readonly Session[],
  inherited: Table | undefined,
): void {
  const validationRole = { role: "validation", sessions: toGuardedSessions(validation) };
  assertNoLeakage(
    [{ role: "train", sessions: toGuardedSessions(training) }, validationRole],
    "train",
  );
  if (!inherited) return;
  const role = inherited.columns.indexOf("role");
  const cell = (row: Table["rows"][number], column: string) =>
    row[inherited.columns.indexOf(column)] ?? undefined;
  // The role "other" does not exclude that the weights were trained on these participants.
  const trained = inherited.rows.filter((row) => row[role] !== "validation");
  const sessions = trained.map((row) => ({
    participant: cell(row, "participant_id") ?? "",
    session: cell(row, "session_id") ?? "",
    digest: cell(row, "source_digest"),
    tensorDigest: cell(row, "tensor_digest"),
  }));
  assertNoLeakage(
    [{ role: "training of the transferred model", sessions }, validationRole],
    "train",
  );
}
