/** `participants.tsv` of models and of what they are applied to: one row a session. */
import type { Task } from "../evaluation/predictions.ts";
import { type Cell, readTsv, type Table, writeTsv } from "../formats/tsv.ts";
import { sessionKey } from "../tables/identity.ts";
import type { GuardedSession, LeakageStatus } from "../tables/leakage.ts";
import type { Artifact, Digest } from "../workflow/step.ts";
import type { Sample, Session } from "./images.ts";

export const PARTICIPANTS_FILE = "participants.tsv";

/** Which model was applied to which participants; `attribution` artifacts have these fields too. */
export type AppliedMeta = {
  task: Task;
  model: Digest;
  data_group: string;
  split: number | null;
  mode: string;
  multi_network: boolean;
  label: string;
  label_code: Readonly<Record<string, number>>;
  selection_metrics: readonly string[];
  leakage: LeakageStatus;
};

const APPLIED = "as in `predictions`";

/** Descriptions of the fields of {@link AppliedMeta}. */
export const appliedDescriptions: Readonly<Record<keyof AppliedMeta, string>> = {
  task: APPLIED,
  model: APPLIED,
  data_group: APPLIED,
  split: APPLIED,
  mode: APPLIED,
  multi_network: APPLIED,
  label: APPLIED,
  label_code: APPLIED,
  selection_metrics: APPLIED,
  leakage: APPLIED,
};

/** One row. */
export interface ParticipantRow {
  participant: Cell;
  session: Cell;
  cohort: Cell;
  /**
   * Of a model: the set that the session belongs to; `other` for sessions that weights have seen in
   * other splits of an opened MAPS, or before they were transferred.
   */
  role?: "train" | "validation" | "other";
  /** Digest of the image. */
  sourceDigest?: Cell;
  /** Of a model: digest of the voxels that networks see. */
  tensorDigest?: Cell;
  /** The label as the tables have it. */
  label?: Cell;
}

/** Columns whose presence depends on the artifact. */
export interface ParticipantColumns {
  /** A model's tables have roles and digests of tensors. */
  role: boolean;
  /** Column of the label; absent where labels are not used. */
  label?: string;
}

export function participantsTable(
  rows: readonly ParticipantRow[],
  { role, label }: ParticipantColumns,
): Table {
  const fields: [column: string, read: (row: ParticipantRow) => Cell | undefined][] = [
    ["participant_id", (row) => row.participant],
    ["session_id", (row) => row.session],
    ["cohort", (row) => row.cohort],
  ];
  if (role) fields.push(["role", (row) => row.role]);
  fields.push(["source_digest", (row) => row.sourceDigest]);
  if (role) fields.push(["tensor_digest", (row) => row.tensorDigest]);
  if (label !== undefined) fields.push([label, (row) => row.label]);
  return {
    columns: fields.map(([column]) => column),
    rows: rows.map((row) => fields.map(([, read]) => read(row) ?? null)),
  };
}

/**
 * The sessions that a model was applied to.
 *
 * @param label column of the true labels, written as in the labels; absent where there are none
 */
export function writeParticipants(samples: readonly Sample[], label?: string): string {
  const rows = samples.map((sample) => ({
    ...sample,
    label: label === undefined ? undefined : sample.row[label],
  }));
  const table = participantsTable(rows, { role: false, label });
  return writeTsv(table.columns, table.rows);
}

/** @throws {DataError} when the table is damaged */
export async function readParticipants(
  artifact: Pick<Artifact, "readText">,
  subject: string = PARTICIPANTS_FILE,
): Promise<Table> {
  return readTsv(await artifact.readText(PARTICIPANTS_FILE), subject);
}

/** Sessions of an earlier model's table that are not in `rows`, with the role `other`. */
export function earlierParticipants(
  rows: readonly ParticipantRow[],
  earlier: Table | undefined,
  label: string,
): ParticipantRow[] {
  if (!earlier) return [];
  const keyOf = ({ participant, session }: Pick<ParticipantRow, "participant" | "session">) =>
    sessionKey(participant ?? "", session ?? "");
  const known = new Set(rows.map(keyOf));
  return earlier.rows.map((row): ParticipantRow => {
    const cell = (column: string) => row[earlier.columns.indexOf(column)] ?? null;
    return {
      participant: cell("participant_id"),
      session: cell("session_id"),
      cohort: cell("cohort"),
      role: "other",
      sourceDigest: cell("source_digest"),
      tensorDigest: cell("tensor_digest"),
      label: cell(label),
    };
  }).filter((row) => !known.has(keyOf(row)));
}

/** Sessions as the check for leakage compares them; images add their cohorts and digests. */
export function toGuardedSessions(
  sessions:
    readonly (Session & Partial<Pick<Sample, "cohort" | "sourceDigest" | "tensorDigest">>)[],
): GuardedSession[] {
  return sessions.map(({ participant, session, cohort, sourceDigest, tensorDigest, row }) => ({
    participant,
    session,
    cohort: cohort ?? row.cohort ?? undefined,
    digest: sourceDigest,
    tensorDigest,
  }));
}

/** For the descriptions of artifact types. */
export const participantsDescription =
  "one row a session: `participant_id`, `session_id`, `cohort`, `source_digest`; where labels are " +
  "known their column under its own name";
