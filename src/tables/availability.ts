/** Of which sessions there are images. */
import { DataError } from "../errors.ts";
import { columnIndices, readTsv, type Table } from "../formats/tsv.ts";
import { sessionKey } from "./identity.ts";
import { distinctSessions, nameSome, type SessionTable } from "./session_table.ts";

/**
 * Keys of the sessions that a table lists, once or more.
 *
 * @param cohorts whether keys hold the cohort where the table has one
 * @throws {DataError} without id columns
 */
export function sessionSet(
  table: Table,
  subject = "the table of sessions",
  { cohorts }: { cohorts: boolean } = { cohorts: false },
): Set<string> {
  const ids = columnIndices(table, ["participant_id", "session_id"], subject);
  const cohort = cohorts ? table.columns.indexOf("cohort") : -1;
  return new Set(
    table.rows.map((row) =>
      sessionKey(row[ids.participant_id] ?? "", row[ids.session_id] ?? "", row[cohort])
    ),
  );
}

/** Keys of the sessions in a data set's `images.tsv`, with cohorts where the labels have them. */
export function imagedIn(images: Table, labels?: SessionTable): Set<string> {
  return sessionSet(images, "images.tsv", { cohorts: labels?.has("cohort") ?? false });
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

/** A folder of tables. */
export interface ReadableFolder {
  path: string;
  /** Names of its files. */
  names: readonly string[];
  /** The bytes of the file of that path. */
  read(path: string): Promise<string | Uint8Array>;
}

/**
 * Keys of the sessions whose `missing_mods_<session>.tsv` has a value other than 0 in the
 * modality's column; the file's session may be spelt otherwise than the labels'.
 *
 * @returns `absent` lists the sessions without such a table: they have no image, as in ClinicaDL
 * @throws {DataError} when no session has a table, or one lacks the column
 */
export async function readMissingMods(
  folder: ReadableFolder,
  modality: string,
  merged: SessionTable,
): Promise<{ available: Set<string>; absent: string[] }> {
  const files = new Map<string, string>();
  for (const name of folder.names) {
    const session = /^missing_mods_(.+)\.tsv$/.exec(name)?.[1];
    if (session !== undefined) files.set(sessionKey("", session), `${folder.path}/${name}`);
  }
  const sessions = distinctSessions(merged);
  const absent = sessions.filter((session) => !files.has(sessionKey("", session)));
  if (absent.length === sessions.length) {
    throw new DataError(
      folder.path,
      `no missing_mods_<session>.tsv of ${nameSome(sessions)} is in it`,
    );
  }
  const available = new Set<string>();
  for (const session of sessions) {
    const path = files.get(sessionKey("", session));
    if (path === undefined) continue;
    const table = readTsv(await folder.read(path), path);
    const ids = columnIndices(table, ["participant_id", modality], path);
    for (const row of table.rows) {
      const participant = row[ids.participant_id];
      if (participant === null) throw new DataError(path, "a row has no participant_id");
      const value = row[ids[modality]];
      if (value !== null && Number(value) !== 0) available.add(sessionKey(participant, session));
    }
  }
  return { available, absent };
}
