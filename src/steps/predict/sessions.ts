/** Whom a model is applied to, and whether it has seen them. */
import { DataError } from "../../errors.ts";
import { type Writable, writeTsv } from "../../formats/tsv.ts";
import { guardedSessions, type LeakageStatus, leakageStatus } from "../../tables/leakage.ts";
import type {
  Artifact,
  Json,
  PreflightContext,
  PreflightInput,
  StepContext,
} from "../../workflow/step.ts";
import {
  type ImageSet,
  joinSamples,
  readSessions,
  type Sample,
  type Session,
} from "../../artifacts/images.ts";
import { type DeclaredModel, guarded, seenBy } from "../train/setup.ts";
import { modelOf } from "../train/weights_source.ts";
import { encodeLabels, numericTargets } from "../model/targets.ts";

/** Parameters of every step that applies a model; see `groupParameters`. */
export interface GroupParams {
  data_group: string;
  on_training_data: boolean;
  baseline: boolean;
  diagnoses?: readonly string[];
  use_labels: boolean;
  label?: string;
  selection_metrics?: readonly string[];
  batch_size: number;
}

type Context = StepContext<GroupParams>;

/** The table of a group: that of the participants, or of a group the model knows. */
interface GroupTable {
  text: string;
  subject: string;
  diagnoses?: readonly string[];
  /** Whether the model knows it. */
  known: boolean;
}

/** @throws {DataError} when the model doesn't know the group, or it can't be chosen from */
async function groupTable(
  params: GroupParams,
  participants: Artifact | undefined,
  model: PreflightInput,
): Promise<GroupTable> {
  if (participants) {
    const text = await participants.readText(params.baseline ? "baseline.tsv" : "table.tsv");
    return { text, subject: "the participants", diagnoses: params.diagnoses, known: false };
  }
  const { table } = await seenBy(model);
  const role = table.columns.indexOf("role");
  const rows = table.rows.filter((row) => row[role] === params.data_group);
  if (rows.length === 0) {
    throw new DataError(
      "data_group",
      `the model knows no group "${params.data_group}"; connect "in.participants", or name "train" or "validation"`,
    );
  }
  if (params.baseline || params.diagnoses) {
    throw new DataError(
      params.baseline ? "baseline" : "diagnoses",
      `data group "${params.data_group}" is predicted whole; connect "in.participants" to choose from it`,
    );
  }
  return { text: writeTsv(table.columns, rows), subject: "the model's participants", known: true };
}

/** Sessions to predict, with their images. */
export async function sessions({ params, inputs }: Context, model: Artifact, images: ImageSet) {
  const participants = inputs.participants as Artifact | undefined;
  const { text, subject, diagnoses, known } = await groupTable(params, participants, model);
  return { samples: joinSamples(text, subject, images, diagnoses), known };
}

/**
 * What can be said of a group before there are images, or weights to apply to them.
 *
 * @throws {DataError} on leakage by participants, an unknown group, or labels that the model won't
 *   know
 */
export async function preflightGroup(
  { params, inputs }: PreflightContext<GroupParams>,
  subject: string,
): Promise<Record<string, Json>> {
  const model = inputs.model as PreflightInput;
  const participants = inputs.participants as Artifact | undefined;
  const group = await groupTable(params, participants, model);
  if (group.known) return {};
  const people = readSessions(group.text, group.subject, group.diagnoses);
  const { table, complete } = await seenBy(model);
  const seen = { sessions: guardedSessions(table), complete };
  leakageStatus(seen, guarded(people), params.on_training_data, subject);
  trueLabels({ params, warn: () => {} }, people, modelOf(model));
  return {};
}

/** @throws {DataError} when participants were trained or validated on and nobody asked for that */
export async function checkLeakage(
  { params, warn }: Context,
  model: Artifact,
  samples: readonly Sample[],
  { known, subject }: { known: boolean; subject: string },
): Promise<LeakageStatus> {
  const { table, complete } = await seenBy(model);
  const asked = known || params.on_training_data;
  const seen = { sessions: guardedSessions(table), complete };
  const status = leakageStatus(seen, guarded(samples), asked, subject);
  if (status !== "none") warn(`leakage: ${status}`);
  return status;
}

/** Of each sample, the label's node or number. */
interface TrueLabels {
  label: string;
  /** Absent where labels are unknown or not asked for. */
  targets?: Float32Array<ArrayBuffer>;
}

/** @throws {DataError} on a label that the model doesn't know, or a column asked for and not there */
export function trueLabels(
  { params, warn }: Pick<Context, "params" | "warn">,
  samples: readonly Session[],
  model: Pick<DeclaredModel, "task" | "label" | "label_code">,
): TrueLabels {
  const label = params.label ?? model.label;
  const present = params.label !== undefined || samples.some(({ row }) => label in row);
  if (params.use_labels && !present) {
    warn(`the participants have no column "${label}": true labels are unknown`);
  }
  if (!params.use_labels || !present) return { label };
  const targets = model.task === "classification"
    ? encodeLabels(samples, label, model.label_code, "the participants", { everyClass: false })
    : numericTargets(samples, label, "the participants");
  return { label, targets };
}

/** `participants.tsv` of what a model was applied to. */
export function participantsTable(samples: readonly Sample[], label?: string): string {
  const columns = ["participant_id", "session_id", "cohort", "source_digest"];
  const rows = samples.map((sample): Writable[] => [
    sample.participant,
    sample.session,
    sample.cohort,
    sample.sourceDigest,
    ...(label === undefined ? [] : [sample.row[label]]),
  ]);
  return writeTsv(label === undefined ? columns : [...columns, label], rows);
}
