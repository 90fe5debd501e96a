/** `participants.tsv`: the sessions that a model was applied to. */
import { readTsv, type Table, type Writable, writeTsv } from "../formats/tsv.ts";
import type { Artifact } from "../workflow/step.ts";
import type { Sample } from "./images.ts";

export const PARTICIPANTS_FILE = "participants.tsv";

/** @param label column of the true labels, written as in the labels; absent where there are none */
export function writeParticipants(samples: readonly Sample[], label?: string): string {
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

/** @throws {DataError} when the table is damaged */
export async function readParticipants(
  artifact: Pick<Artifact, "readText">,
  subject: string = PARTICIPANTS_FILE,
): Promise<Table> {
  return readTsv(await artifact.readText(PARTICIPANTS_FILE), subject);
}

/** For the descriptions of artifact types. */
export const participantsDescription =
  "one row a session: `participant_id`, `session_id`, `cohort`, `source_digest`; where labels are " +
  "known their column under its own name";
