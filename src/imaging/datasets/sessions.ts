/** Lists of sessions and of cohorts. */
import { DataError } from "../../errors.ts";
import { columnIndices, type Table } from "../../formats/tsv.ts";
import { participantId, sessionId, sessionKey } from "../../tables/identity.ts";
import { type SessionKey, sessionName } from "./dataset.ts";
import { readTableIfPresent } from "./read_if_present.ts";

export interface SessionList {
  sessions: SessionKey[];
  table: Table;
}

/**
 * A table with `participant_id` and `session_id`, one row a session.
 *
 * @throws {DataError} on a missing identifier, or a session that is listed twice
 */
export function readSessionList(path: string): SessionList {
  const table = readTable(path);
  const at = columnIndices(table, ["participant_id", "session_id"], path);
  const seen = new Set<string>();
  const sessions = table.rows.map((row, index) => {
    const [participant, session] = [row[at.participant_id], row[at.session_id]];
    if (participant === null || session === null) {
      throw new DataError(path, `row ${index + 1} has no participant_id or session_id`);
    }
    const key = { participant: participantId(participant), session: sessionId(session) };
    const name = sessionKey(participant, session);
    if (seen.has(name)) throw new DataError(path, `${sessionName(key)} is listed twice`);
    seen.add(name);
    return key;
  });
  return { sessions, table };
}

/** A data set of its own name. */
export interface Cohort {
  name: string;
  root: string;
  /** The sessions to take, all when absent. */
  list?: string;
}

/**
 * The cohorts of a table with the columns `cohort` and `path`; relative paths start at the table's
 * folder.
 *
 * @param lists a table of the same columns, whose paths are the cohorts' session lists
 * @throws {DataError} on a cohort that is unnamed, named twice or has no list where others do
 */
export function readCohorts(path: string, lists?: string): Cohort[] {
  const roots = readCohortPaths(path);
  const listed = lists === undefined ? undefined : readCohortPaths(lists);
  for (const name of listed?.keys() ?? []) {
    if (!roots.has(name)) throw new DataError(lists!, `cohort "${name}" is not in ${path}`);
  }
  return [...roots].map(([name, root]) => {
    const list = listed?.get(name);
    if (listed !== undefined && list === undefined) {
      throw new DataError(lists!, `cohort "${name}" of ${path} has no list`);
    }
    return list === undefined ? { name, root } : { name, root, list };
  });
}

function readCohortPaths(path: string): Map<string, string> {
  const table = readTable(path);
  const at = columnIndices(table, ["cohort", "path"], path);
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const paths = new Map<string, string>();
  table.rows.forEach((row, index) => {
    const [name, target] = [row[at.cohort], row[at.path]];
    if (name === null || target === null || /[/\\]|^\.+$/.test(name)) {
      throw new DataError(path, `row ${index + 1} has no path, or no name that a folder can have`);
    }
    if (paths.has(name)) throw new DataError(path, `cohort "${name}" is listed twice`);
    paths.set(name, target.startsWith("/") ? target : folder + target);
  });
  return paths;
}

function readTable(path: string): Table {
  const table = readTableIfPresent(path);
  if (table === undefined) throw new DataError(path, "no such file");
  return table;
}
