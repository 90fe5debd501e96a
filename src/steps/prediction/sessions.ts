/** Whom a model is applied to, and whether it has seen them. */
import { DataError } from "../../errors.ts";
import { type Writable, writeTsv } from "../../formats/tsv.ts";
import { guardedSessions, type LeakageStatus, leakageStatus } from "../../tables/leakage.ts";
import type { Artifact, StepContext } from "../../workflow/step.ts";
import { type ImageSet, joinSamples, type Sample } from "../training/samples.ts";
import { guarded, seenBy } from "../training/setup.ts";

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

/** Sessions to predict: of the table, or of a group the model knows. */
export async function sessions({ params, inputs }: Context, model: Artifact, images: ImageSet) {
  const participants = inputs.participants as Artifact | undefined;
  if (participants) {
    const text = await participants.readText(params.baseline ? "baseline.tsv" : "table.tsv");
    return {
      samples: joinSamples(text, "the participants", images, params.diagnoses),
      known: false,
    };
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
  const text = writeTsv(table.columns, rows);
  return { samples: joinSamples(text, "the model's participants", images), known: true };
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

/** The column of the true labels, and whether it is there and asked for. */
export function labelOf(
  { params, warn }: Context,
  samples: readonly Sample[],
  trained: string,
): { label: string; labelled: boolean } {
  const label = params.label ?? trained;
  const present = params.label !== undefined || samples.some(({ row }) => label in row);
  if (params.use_labels && !present) {
    warn(`the participants have no column "${label}": true labels are unknown`);
  }
  return { label, labelled: params.use_labels && present };
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
