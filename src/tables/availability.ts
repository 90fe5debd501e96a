/** Of which sessions there are images. */
import { DataError } from "../errors.ts";
import { columnIndices, readTsv, type Table } from "../formats/tsv.ts";
import { distinctSessions, sessionKey, type SessionTable } from "./session_table.ts";

/** Keys of the sessions that a table lists, once or more. @throws {DataError} without id columns */
export function sessionSet(table: Table, subject = "the table of sessions"): Set<string> {
  const ids = columnIndices(table, ["participant_id", "session_id"], subject);
  return new Set(
    table.rows.map((row) => sessionKey(row[ids.participant_id] ?? "", row[ids.session_id] ?? "")),
  );
}

/** Keys of the sessions in a data set's `images.tsv`. */
export function imagedIn(images: Table): Set<string> {
  return sessionSet(images, "images.tsv");
}

/** Participants whose images have the same bytes, as `sub-01 and sub-02`. */
export function sharedImages(images: Table): string[] {
  const ids = columnIndices(images, ["participant_id", "digest"], "images.tsv");
  const owners = new Map<string, string>();
  const pairs = new Set<string>();
  for (const row of images.rows) {
    const participant = row[ids.participant_id], digest = row[ids.digest];
    if (participant === null || digest === null) continue;
    const owner = owners.get(digest);
    if (owner === undefined) owners.set(digest, participant);
    else if (owner !== participant) pairs.add(`${owner} and ${participant}`);
  }
  return [...pairs];
}

/**
 * Keys of the sessions whose `missing_mods_<session>.tsv` has a value other than 0 in the
 * modality's column.
 *
 * @param read gives a file's text
 * @throws {DataError} when a session that labels need has no such table, or it lacks the column
 */
export async function readMissingMods(
  folder: string,
  modality: string,
  merged: SessionTable,
  read: (path: string) => Promise<string>,
): Promise<Set<string>> {
  const available = new Set<string>();
  for (const session of distinctSessions(merged)) {
    const path = `${folder}/missing_mods_${session}.tsv`;
    const table = readTsv(await read(path), path);
    const ids = columnIndices(table, ["participant_id", modality], path);
    for (const row of table.rows) {
      const participant = row[ids.participant_id];
      if (participant === null) throw new DataError(path, "a row has no participant_id");
      const value = row[ids[modality]];
      if (value !== null && Number(value) !== 0) available.add(sessionKey(participant, session));
    }
  }
  return available;
}
