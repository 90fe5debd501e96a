/** Checks what is known of a training's inputs before its images exist. */
import { dimensionsOfElements } from "../../artifacts/element_shapes.ts";
import {
  countImages,
  describeImages,
  type ImagesDescription,
  readSessions,
  type Session,
} from "../../artifacts/images.ts";
import {
  type DeclaredModel,
  describeModel,
  participantsSeenBy,
  type SeenParticipants,
} from "../../artifacts/model.ts";
import {
  earlierParticipants,
  type ParticipantRow,
  participantsTable,
  toGuardedSessions,
} from "../../artifacts/participants_table.ts";
import type { Task } from "../../evaluation/predictions.ts";
import type { PreflightContext, PreflightInput } from "../../workflow/step.ts";
import { checkTransfer, checkWeightsFile } from "../model/weights.ts";
import { checkBatches } from "./batch_check.ts";
import { checkWeightsSource } from "./initial_weights.ts";
import type { TrainingParams } from "./parameters.ts";
import { checkPlannedMemory } from "./memory_check.ts";
import { planNetworks, planReduced } from "./plan_networks.ts";
import { assertNoTrainingLeakage, readTables, resolveTargets } from "./training_data.ts";

/**
 * @returns what is known of the model already; nothing before the tables are known
 * @throws {DataError} on images and labels that can't be trained on, leakage by participants, weights
 *   of another architecture, batches on which batch normalisation can't train, and trainings that the
 *   memory of a software adapter does not hold
 */
export async function preflightTraining(
  { params, inputs, unknown }: PreflightContext<TrainingParams>,
  task: Task,
): Promise<{ model?: DeclaredModel }> {
  const images = inputs.images && await describeImages(inputs.images as PreflightInput);
  const networks = images && planNetworks(params, images);
  for (const network of networks ?? []) {
    const reduced = (factor: number) => planReduced(params, images!, factor);
    await checkPlannedMemory({ params, network, reduced });
  }
  if (unknown.some((port) => port !== "images")) return {};
  checkWeightsSource({ params, inputs });
  const tables = await readTables({ params, inputs });
  const training = readSessions(tables.train, "the training table", params.diagnoses);
  const validation = readSessions(tables.validation, "the validation table", params.diagnoses);
  const source = inputs.transfer as PreflightInput | undefined;
  const inherited = source && await participantsSeenBy(source);
  assertNoTrainingLeakage(training, validation, inherited?.table);
  const { labelCode, outputs } = resolveTargets(params, task, training, validation);
  await checkBackbone(params, source, images);
  if (networks && images.elements !== undefined) {
    const counts = { elements: images.elements, training: countImages(training, images) };
    checkBatches(params, networks, counts);
  }
  const model = {
    task,
    architecture: params.architecture,
    ...(images && { mode: images.mode }),
    multi_network: params.multi_network,
    label: params.label,
    label_code: labelCode ?? {},
    output_size: outputs,
    selection_metrics: params.selection_metrics,
    seen: declareSeen(params, training, validation, inherited),
  };
  return { model };
}

/** Checks of files by parameters, which folds share. */
const fileChecks = new WeakMap<TrainingParams, Promise<void>>();

/** @throws {DataError} when the initial weights do not fit the backbone */
async function checkBackbone(
  params: TrainingParams,
  source: PreflightInput | undefined,
  images: ImagesDescription | undefined,
): Promise<void> {
  if (source) {
    checkTransfer(describeModel(source), { ...params, mode: images?.mode });
  } else if (params.initial_weights !== undefined) {
    const check = fileChecks.get(params) ??
      checkWeightsFile(params, params.initial_weights, images && dimensionsOfElements(images));
    fileChecks.set(params, check);
    await check;
  }
}

/** `participants.tsv` as the model will have it, without what only images show. */
function declareSeen(
  { label, initial_weights }: TrainingParams,
  training: readonly Session[],
  validation: readonly Session[],
  inherited: SeenParticipants | undefined,
): SeenParticipants {
  const toRows = (sessions: readonly Session[], role: "train" | "validation") =>
    toGuardedSessions(sessions).map(({ participant, session, cohort }): ParticipantRow => ({
      participant,
      session,
      cohort: cohort ?? null,
      role,
    }));
  const rows = [...toRows(training, "train"), ...toRows(validation, "validation")];
  rows.push(...earlierParticipants(rows, inherited?.table, label));
  return {
    table: participantsTable(rows, { role: true }),
    complete: initial_weights === undefined && (inherited?.complete ?? true),
  };
}
