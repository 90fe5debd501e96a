/** `labels` and `participants` artifacts: a table of sessions, and the first session of each person. */
import { SessionTable } from "../tables/session_table.ts";
import type { Artifact } from "../workflow/step.ts";
import { type ArtifactType, describeMeta } from "./artifact_type.ts";

export type LabelsMeta = {
  role: string;
  participants: number;
  sessions: number;
};

const ALL = "table.tsv";
const BASELINE = "baseline.tsv";

export function labelsMeta({ meta }: Pick<Artifact, "meta">): LabelsMeta {
  return meta as LabelsMeta;
}

/** A `labels` or `participants` artifact. */
export function labelsOutput(table: SessionTable, role: string) {
  const baseline = table.baseline();
  const meta: LabelsMeta = {
    role,
    participants: baseline.rows.length,
    sessions: table.rows.length,
  };
  return { meta, files: { [ALL]: table.toTsv(), [BASELINE]: baseline.toTsv() } };
}

/** The text of the table: every session, or the first of each participant. */
export function readLabelsText(
  artifact: Pick<Artifact, "readText">,
  { baseline }: { baseline: boolean } = { baseline: false },
): Promise<string> {
  return artifact.readText(baseline ? BASELINE : ALL);
}

/** @throws {DataError} when the table is damaged */
export async function readLabels(
  artifact: Pick<Artifact, "readText">,
  subject: string,
): Promise<SessionTable> {
  return SessionTable.read(await readLabelsText(artifact), subject);
}

const described: Omit<ArtifactType, "type"> = {
  privacy: () => "participants",
  files: [
    [ALL, "one row a session: `participant_id`, `session_id`, then columns"],
    [BASELINE, "the first session of each participant"],
  ],
  meta: describeMeta<LabelsMeta>({
    role: "`labels`, `train`, `validation`, `test`, or the name of a subset",
    participants: "numbers of them",
    sessions: "numbers of them",
  }),
};

export const labelsType: ArtifactType = { type: "labels", ...described };

export const participantsType: ArtifactType = { type: "participants", ...described };
