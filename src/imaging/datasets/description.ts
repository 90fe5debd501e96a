/** What the tables of a data set hold about each session that has an image. */
import { diskFiles } from "../../disk/operations.ts";
import { DataError } from "../../errors.ts";
import { type Cell, columnIndices, type Table } from "../../formats/tsv.ts";
import { findColumn } from "../../tables/columns.ts";
import { participantId, sessionKey } from "../../tables/identity.ts";
import { nameSome } from "../../tables/session_table.ts";
import { parseSex } from "../../tables/values.ts";
import { type SessionKey, sessionName } from "./dataset.ts";
import { readTableIfPresent } from "./read_if_present.ts";
import { readSexLevels, translateSexes } from "./sex_levels.ts";
import type { SessionList } from "./sessions.ts";

const KEYS: readonly string[] = ["participant_id", "session_id"];

/** Contradictions that a message lists at most. */
const MAX_LISTED = 8;

/** A value and the table that it is from. */
interface Known {
  value: string;
  source: string;
}

/** Known values by column. */
type Description = Map<string, Known>;

export interface Descriptions {
  /** One row a session: identifiers, then the columns of the tables. */
  table: Table;
  /** Rows that match no image, sessions that no table describes. */
  notes: string[];
  /** What is probably a mistake. */
  warnings: string[];
}

/**
 * One row for each of the sessions: identifiers, then every column that `participants.tsv`, the
 * participants' `_sessions.tsv` or the list has for any of them. The list wins over values of
 * a session, these win over values of its participant; a missing value never hides a known one.
 *
 * @param subjects the folder of the participants: "subjects/" in a CAPS, "" in BIDS
 * @throws {DataError} where tables of one rank have two values of one session or participant, a person
 *   has two sexes, or two folders are one session
 */
export function describeSessions(
  root: string,
  subjects: string,
  sessions: readonly SessionKey[],
  list?: SessionList,
): Descriptions {
  const tables = new DataSetTables(root, sessions);
  const participants = `${root}/participants.tsv`;
  const table = readTableIfPresent(participants);
  if (table) tables.add(table, participants);
  for (const participant of tables.participants()) {
    const folder = `${root}/${subjects}${participant}`;
    const file = `${participant}_sessions.tsv`;
    // Most data sets have none: a list costs a fraction of the error that the runtime makes.
    if (!diskFiles.list(folder).includes(file)) continue;
    const visits = readTableIfPresent(`${folder}/${file}`);
    if (visits) tables.add(visits, `${folder}/${file}`, { participant });
  }
  if (list) tables.add(list.table, "the list of sessions", { list: true });
  return tables.describe();
}

class DataSetTables {
  readonly #root: string;
  readonly #sessions: readonly SessionKey[];
  /** Of a participant, a session, and the list. */
  readonly #ranks = {
    participant: new Map<string, Description>(),
    session: new Map<string, Description>(),
    list: new Map<string, Description>(),
  };
  /** Columns of the tables that describe a session, by its key, in the order of the tables. */
  readonly #columns: Map<string, Set<string>>;
  readonly #folders = new Map<string, SessionKey>();
  readonly #people: Map<string, SessionKey[]>;
  readonly #conflicts: string[] = [];
  readonly #notes: string[] = [];
  readonly #warnings: string[] = [];
  #tables = 0;

  constructor(root: string, sessions: readonly SessionKey[]) {
    this.#root = root;
    this.#sessions = sessions;
    this.#columns = new Map(sessions.map((key) => [keyOf(key), new Set()]));
    this.#people = Map.groupBy(sessions, ({ participant }) => participantId(participant));
    for (const key of sessions) {
      const folder = keyOf(key);
      const other = this.#folders.get(folder);
      if (other !== undefined) {
        throw new DataError(
          root,
          `${sessionName(other)} and ${sessionName(key)} are one session under two names; ` +
            "merge the folders, or list one of them in participants_tsv",
        );
      }
      this.#folders.set(folder, key);
    }
  }

  participants(): string[] {
    return [...new Set(this.#sessions.map(({ participant }) => participant))];
  }

  /** @param participant that all rows describe, where the table names none */
  add(
    source: Table,
    subject: string,
    { participant: only, list = false }: { participant?: string; list?: boolean } = {},
  ): void {
    columnIndices(source, [only === undefined ? "participant_id" : "session_id"], subject);
    this.#tables++;
    const table = translateSexes(source, () => readSexLevels(`${this.#root}/participants.json`));
    const participantAt = table.columns.indexOf("participant_id");
    const sessionAt = table.columns.indexOf("session_id");
    const unmatched: string[] = [];
    const columns = table.columns.filter((name) => !KEYS.includes(name) && name !== "");
    table.rows.forEach((row) => {
      const id = only ?? row[participantAt];
      if (id === null) return;
      const participant = participantId(id);
      const session = row[sessionAt] ?? null;
      const sessions = session === null
        ? this.#people.get(participant)?.map(keyOf) ?? []
        : [sessionKey(participant, session)].filter((key) => this.#folders.has(key));
      if (sessions.length === 0) {
        unmatched.push(session === null ? id : `${id} ${session}`);
        return;
      }
      for (const key of sessions) columns.forEach((column) => this.#columns.get(key)!.add(column));
      const rank = list ? "list" : session === null ? "participant" : "session";
      const key = session === null ? participant : sessions[0];
      const who = session === null ? participant : sessionName(this.#folders.get(key)!);
      table.columns.forEach((column, i) => {
        if (columns.includes(column)) this.#set(rank, key, column, row[i], who, subject);
      });
    });
    this.#reportUnmatched(unmatched, table.rows.length, subject);
  }

  #set(
    rank: "participant" | "session" | "list",
    key: string,
    column: string,
    value: Cell,
    who: string,
    source: string,
  ): void {
    if (value === null) return;
    const descriptions = this.#ranks[rank];
    let description = descriptions.get(key);
    if (description === undefined) descriptions.set(key, description = new Map());
    const known = description.get(column);
    if (known === undefined) description.set(column, { value, source });
    else if (!sameValue(known.value, value)) {
      const hint = rank === "participant" && /^(session|visit|ses)$/i.test(column)
        ? "; the column of sessions must be called session_id"
        : "";
      this.#conflicts.push(`${who}: ${column} is ${describe(known, { value, source })}${hint}`);
    }
  }

  #reportUnmatched(unmatched: readonly string[], rows: number, subject: string): void {
    if (unmatched.length === 0) return;
    const examples = nameSome(unmatched.map((name) => `"${name}"`), 3);
    if (unmatched.length < rows) {
      this.#notes.push(
        `${subject}: ${unmatched.length} of ${rows} rows match no image: ${examples}`,
      );
      return;
    }
    const [image] = this.#sessions;
    this.#warnings.push(
      `${subject}: none of its ${rows} rows matches an image: ${examples}; images are of ` +
        `${image === undefined ? "nobody" : `"${sessionName(image)}"`} and so on`,
    );
  }

  describe(): Descriptions {
    this.#refuseTwoSexes();
    const more = this.#conflicts.length - MAX_LISTED;
    if (this.#conflicts.length > 0) {
      throw new DataError(
        this.#root,
        `tables contradict each other; correct them:\n  ${
          this.#conflicts.slice(0, MAX_LISTED).join("\n  ")
        }${more > 0 ? `\n  and ${more} more` : ""}`,
      );
    }
    this.#reportReplaced();
    const bare = this.#sessions.filter((key) => this.#columns.get(keyOf(key))!.size === 0).map(
      sessionName,
    );
    if (this.#tables > 0 && bare.length > 0) {
      this.#notes.push(`${bare.length} sessions are in no table: ${nameSome(bare, 3)}`);
    }
    const columns = this.#allColumns();
    const rows = this.#sessions.map((session) => [
      session.participant,
      session.session,
      ...columns.map((column) => this.#values(session, column)[0]?.value ?? null),
    ]);
    return {
      table: { columns: [...KEYS, ...columns], rows },
      notes: this.#notes,
      warnings: this.#warnings,
    };
  }

  /** Values of tables that the list of sessions replaces by others. */
  #reportReplaced(): void {
    const replaced = [...this.#ranks.list].flatMap(([key, listed]) =>
      [...listed].flatMap(([column, { value }]) => {
        const known = this.#ranks.session.get(key)?.get(column);
        if (known === undefined || sameValue(known.value, value)) return [];
        const name = sessionName(this.#folders.get(key)!);
        return [`${name} (${column} "${value}" for "${known.value}")`];
      })
    );
    if (replaced.length === 0) return;
    this.#notes.push(
      `the list of sessions replaces ${replaced.length} values of tables: ${nameSome(replaced, 3)}`,
    );
  }

  #allColumns(): string[] {
    return [...new Set([...this.#columns.values()].flatMap((names) => [...names]))];
  }

  /** Values by their rank, the highest first. */
  #values(key: SessionKey, column: string): Known[] {
    return [
      this.#ranks.list.get(keyOf(key))?.get(column),
      this.#ranks.session.get(keyOf(key))?.get(column),
      this.#ranks.participant.get(participantId(key.participant))?.get(column),
    ].filter((known) => known !== undefined);
  }

  /** A person has one sex, whatever the rank of the tables. */
  #refuseTwoSexes(): void {
    const columns = this.#allColumns();
    const at = findColumn({ columns, subject: this.#root }, "sex");
    if (at === undefined) return;
    for (const [person, sessions] of this.#people) {
      const known = sessions.flatMap((session) => this.#values(session, columns[at]));
      const sexOf = ({ value }: Known) => parseSex(value) ?? value;
      const other = known.find((value) => sexOf(value) !== sexOf(known[0]));
      if (other !== undefined) {
        this.#conflicts.push(`${person} has two sexes: ${describe(known[0], other)}`);
      }
    }
  }
}

function keyOf({ participant, session }: SessionKey): string {
  return sessionKey(participant, session);
}

/** Equal as text or as numbers. */
function sameValue(a: string, b: string): boolean {
  return a === b || Number(a) === Number(b);
}

/** `"60" and "99" (participants.tsv)` */
function describe(first: Known, second: Known): string {
  return first.source === second.source
    ? `"${first.value}" and "${second.value}" in ${first.source}`
    : `"${first.value}" in ${first.source} and "${second.value}" in ${second.source}`;
}
