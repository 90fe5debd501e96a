/** Lists of sessions, and what the tables of a data set hold about each session. */
import { readError } from "../../disk.ts";
import { DataError } from "../../errors.ts";
import { type Cell, columnIndices, readTsv, type Table } from "../../formats/tsv.ts";
import { type SessionKey, sessionName } from "./dataset.ts";

/** Column values of one session. */
type Description = Map<string, Cell>;

const KEYS: readonly string[] = ["participant_id", "session_id"];

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
    const key = { participant, session };
    if (seen.has(sessionName(key))) {
      throw new DataError(path, `${sessionName(key)} is listed twice`);
    }
    seen.add(sessionName(key));
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

/** ClinicaDL's name for the cohort when there is one. */
export const SINGLE_COHORT = "single";

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

/**
 * One row for each of the sessions: identifiers, then every column that `participants.tsv`, the
 * participants' `_sessions.tsv` or the list has for any of them. Later tables win.
 *
 * @param subjects the folder of the participants: "subjects/" in a CAPS, "" in BIDS
 */
export function describeSessions(
  root: string,
  subjects: string,
  sessions: readonly SessionKey[],
  list?: SessionList,
): Table {
  const described = new Map<string, Description>(
    sessions.map((key) => [sessionName(key), new Map()]),
  );
  const byParticipant = Map.groupBy(sessions, ({ participant }) => participant);
  const add = (table: Table, subject: string, only?: string) => {
    const participantAt = table.columns.indexOf("participant_id");
    const sessionAt = table.columns.indexOf("session_id");
    if (only === undefined) columnIndices(table, ["participant_id"], subject);
    else columnIndices(table, ["session_id"], subject);
    for (const row of table.rows) {
      const participant = only ?? row[participantAt];
      if (participant === null) continue;
      const session = sessionAt < 0 ? undefined : row[sessionAt];
      const keys = session === undefined || session === null
        ? byParticipant.get(participant) ?? []
        : [{ participant, session }];
      for (const key of keys) {
        const description = described.get(sessionName(key));
        table.columns.forEach((column, i) => {
          if (!KEYS.includes(column) && column !== "") description?.set(column, row[i]);
        });
      }
    }
  };
  const participants = `${root}/participants.tsv`;
  const table = readTableIfPresent(participants);
  if (table) add(table, participants);
  for (const participant of byParticipant.keys()) {
    const path = `${root}/${subjects}${participant}/${participant}_sessions.tsv`;
    const visits = readTableIfPresent(path);
    if (visits) add(visits, path, participant);
  }
  if (list) add(list.table, "the list of sessions");
  const columns = [...new Set([...described.values()].flatMap((row) => [...row.keys()]))];
  return {
    columns: [...KEYS, ...columns],
    rows: sessions.map((key) => {
      const description = described.get(sessionName(key))!;
      return [
        key.participant,
        key.session,
        ...columns.map((column) => description.get(column) ?? null),
      ];
    }),
  };
}

function readTable(path: string): Table {
  const table = readTableIfPresent(path);
  if (table === undefined) throw new DataError(path, "no such file");
  return table;
}

function readTableIfPresent(path: string): Table | undefined {
  let bytes;
  try {
    bytes = Deno.readFileSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw readError(path, cause);
  }
  return readTsv(bytes, path);
}
