/** The participants that a model is applied to, their true labels, and whether it has seen them. */
import { DataError } from "../../errors.ts";
import { writeTsv } from "../../formats/tsv.ts";
import { guardedSessions, type LeakageStatus, leakageStatus } from "../../tables/leakage.ts";
import { nameSome } from "../../tables/session_table.ts";
import type {
  Artifact,
  Json,
  PreflightContext,
  PreflightInput,
  StepContext,
} from "../../workflow/step.ts";
import {
  describeImages,
  type ImageSet,
  joinSamples,
  readSessions,
  type Sample,
  type Session,
} from "../../artifacts/images.ts";
import { readLabelsText } from "../../artifacts/labels.ts";
import { describeModel, type ModelDescription, participantsSeenBy } from "../../artifacts/model.ts";
import { toGuardedSessions } from "../../artifacts/participants_table.ts";
import { digestTensors } from "../../artifacts/tensor_digests.ts";
import { assertMode } from "../model/model.ts";
import { encodeLabels, numericTargets } from "../model/targets.ts";
import type { GroupParams } from "./group_parameters.ts";

type Context = StepContext<GroupParams>;

/** The table of `in.participants`, or of a group of the model: train or validation. */
interface GroupTable {
  text: string;
  subject: string;
  diagnoses?: readonly string[];
  ofModel: boolean;
}

/** @throws {DataError} when the model has no such group, or parameters select from one of its own */
async function readGroupTable(
  params: GroupParams,
  participants: Artifact | undefined,
  model: PreflightInput,
): Promise<GroupTable> {
  if (participants) {
    const text = await readLabelsText(participants, params);
    return { text, subject: "the participants", diagnoses: params.diagnoses, ofModel: false };
  }
  const { table } = await participantsSeenBy(model);
  const role = table.columns.indexOf("role");
  const rows = table.rows.filter((row) => row[role] === params.data_group);
  if (rows.length === 0) {
    throw new DataError(
      "data_group",
      `the model has no group "${params.data_group}"; connect "in.participants", or name "train" or "validation"`,
    );
  }
  if (params.baseline || params.diagnoses) {
    throw new DataError(
      params.baseline ? "baseline" : "diagnoses",
      `all of the model's group "${params.data_group}" is predicted; connect "in.participants" to select sessions`,
    );
  }
  return {
    text: writeTsv(table.columns, rows),
    subject: "the model's participants",
    ofModel: true,
  };
}

/**
 * The sessions of the group with their images, and with digests of their tensors where the model
 * has some to compare.
 *
 * @throws {DataError} when the model has no such group, or a session has no image
 */
export async function loadSessions(
  context: Context,
  model: Artifact,
  images: ImageSet,
): Promise<{ samples: Sample[]; ofModel: boolean }> {
  const { params, inputs } = context;
  const participants = inputs.participants as Artifact | undefined;
  const { text, subject, diagnoses, ofModel } = await readGroupTable(params, participants, model);
  const join = { diagnoses, requireImages: params.require_images, warn: context.warn };
  const samples = joinSamples(text, subject, images, join);
  const seen = guardedSessions((await participantsSeenBy(model)).table);
  const comparable = !ofModel && seen.some(({ tensorDigest }) => tensorDigest !== undefined);
  return {
    samples: comparable ? await digestTensors(images.artifact, samples, context) : samples,
    ofModel,
  };
}

/**
 * Checks a group before there are images, or weights to apply to them.
 *
 * @throws {DataError} on images of another mode than the model's, leakage by participants, an unknown
 *   group, or labels without an output node
 */
export async function preflightGroup(
  { params, inputs, unknown }: PreflightContext<GroupParams>,
  subject: string,
): Promise<Record<string, Json>> {
  const model = inputs.model as PreflightInput | undefined;
  const mode = model && describeModel(model).mode;
  if (inputs.images && mode !== undefined) {
    assertMode((await describeImages(inputs.images as PreflightInput)).mode, mode);
  }
  if (model === undefined || unknown.some((port) => port !== "images")) return {};
  const participants = inputs.participants as Artifact | undefined;
  const group = await readGroupTable(params, participants, model);
  if (group.ofModel) return {};
  const people = readSessions(group.text, group.subject, group.diagnoses);
  const { table, complete } = await participantsSeenBy(model);
  const seen = { sessions: guardedSessions(table), complete };
  leakageStatus(seen, toGuardedSessions(people), params.on_training_data, subject);
  readTrueLabels({ params, warn: () => {} }, people, describeModel(model));
  return {};
}

/** @throws {DataError} when participants were trained or validated on and no parameter allows it */
export async function checkLeakage(
  { params, warn }: Context,
  model: Artifact,
  samples: readonly Sample[],
  { ofModel, subject }: { ofModel: boolean; subject: string },
): Promise<LeakageStatus> {
  const { table, complete } = await participantsSeenBy(model);
  const seen = { sessions: guardedSessions(table), complete };
  const requested = ofModel || params.on_training_data;
  const status = leakageStatus(seen, toGuardedSessions(samples), requested, subject);
  if (status !== "none") warn(`leakage: ${status}`);
  return status;
}

interface TrueLabels {
  /** Column of the labels. */
  label: string;
  /**
   * Output node or value of each sample, NaN where it is unknown; absent where all are, or are not to
   * be used.
   */
  targets?: Float32Array<ArrayBuffer>;
}

/**
 * Of a reconstruction nothing, since it is scored without labels.
 *
 * @throws {DataError} on a label without an output node, or when the column `label` is absent
 */
export function readTrueLabels(
  { params, warn }: Pick<Context, "params" | "warn">,
  samples: readonly Session[],
  model: Pick<ModelDescription, "task" | "label" | "label_code">,
): TrueLabels {
  const label = params.label ?? model.label;
  if (model.task === "reconstruction") return { label };
  const present = params.label !== undefined ||
    samples.some(({ row }) => Object.hasOwn(row, label));
  if (params.use_labels && !present) {
    warn(`the participants have no column "${label}": true labels are unknown`);
  }
  if (!params.use_labels || !present) return { label };
  const targets = model.task === "classification"
    ? encodeLabels(samples, label, model.label_code, "the participants", {
      everyClass: false,
      missing: "nan",
    })
    : numericTargets(samples, label, "the participants", "nan");
  const unlabelled = samples.filter((_, i) => Number.isNaN(targets[i]));
  if (unlabelled.length > 0) {
    const names = unlabelled.map(({ participant, session }) => `${participant} ${session}`);
    warn(
      `${unlabelled.length} of ${samples.length} sessions have no ${label}, which metrics leave out: ${
        nameSome(names)
      }`,
    );
  }
  return { label, targets };
}
