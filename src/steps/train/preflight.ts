/** Checks the tables of a training and its initial weights before images exist. */
import { readSessions, type Session } from "../../artifacts/images.ts";
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
import type { PreflightContext, PreflightInput } from "../../workflow/step.ts";
import { checkTransfer, checkWeightsFile } from "../model/weights.ts";
import { checkWeightsSource } from "./initial_weights.ts";
import type { TrainingParams } from "./parameters.ts";
import { assertNoTrainingLeakage, readTables, resolveTargets } from "./training_data.ts";

/**
 * @returns what is known of the model already
 * @throws {DataError} on labels that can't be trained on, leakage by participants, and weights of
 *   another architecture
 */
export async function preflightTraining(
  { params, inputs }: PreflightContext<TrainingParams>,
  task: "classification" | "regression",
): Promise<DeclaredModel> {
  checkWeightsSource({ params, inputs });
  const tables = await readTables({ params, inputs });
  const training = readSessions(tables.train, "the training table", params.diagnoses);
  const validation = readSessions(tables.validation, "the validation table", params.diagnoses);
  const source = inputs.transfer as PreflightInput | undefined;
  const inherited = source && await participantsSeenBy(source);
  assertNoTrainingLeakage(training, validation, inherited?.table);
  const { labelCode, outputs } = resolveTargets(params, task, training, validation);
  await checkBackbone(params, source);
  return {
    task,
    architecture: params.architecture,
    multi_network: params.multi_network,
    label: params.label,
    label_code: labelCode ?? {},
    output_size: outputs,
    selection_metrics: params.selection_metrics,
    seen: declareSeen(params, training, validation, inherited),
  };
}

/** Checks of files by parameters, which folds share. */
const fileChecks = new WeakMap<TrainingParams, Promise<void>>();

/** @throws {DataError} when the initial weights do not fit the backbone */
async function checkBackbone(
  params: TrainingParams,
  source: PreflightInput | undefined,
): Promise<void> {
  if (source) {
    checkTransfer(describeModel(source).architecture, params.architecture);
  } else if (params.initial_weights !== undefined) {
    const check = fileChecks.get(params) ??
      checkWeightsFile(params.architecture, params.initial_weights);
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
