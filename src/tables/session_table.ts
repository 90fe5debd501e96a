/** Tables with one row a session: labels, splits and folds. */
import { type Cell, columnIndices, readTsv, type Table, writeTsv } from "../formats/tsv.ts";
import { DataError } from "../errors.ts";

/** Months since the first visit of a session called `ses-M<integer>`; undefined for other names. */
export function sessionMonths(session: string): number | undefined {
  const digits = /^ses-M(\d{1,6})$/.exec(session)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Order of time where the names have months (`ses-M06` before `ses-M012`), of the names otherwise. */
export function compareSessions(a: string, b: string): number {
  const first = sessionMonths(a), second = sessionMonths(b);
  if (first !== undefined && second !== undefined && first !== second) return first - second;
  return compareText(a, b);
}

/** Order by code units, the same in every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Two spellings of a session (`ses-M06`, `ses-M006`) have one key. */
export function sessionKey(participant: string, session: string): string {
  return `${participant}\t${sessionMonths(session) ?? session}`;
}

/**
 * A table with the columns `participant_id` and `session_id`, its rows sorted by participant and
 * then by time, so that what is made of it does not depend on the order of a file.
 */
export class SessionTable {
  readonly columns: readonly string[];
  readonly rows: readonly Cell[][];
  /** The file or step it came from, for messages. */
  readonly subject: string;
  readonly #participant: number;
  readonly #session: number;

  /**
   * @throws {DataError} when an id column is absent, an id is missing, or two rows are the same
   *   participant's same session
   */
  constructor(table: Pick<Table, "columns"> & { rows: readonly Cell[][] }, subject: string) {
    const ids = columnIndices(table, ["participant_id", "session_id"], subject);
    this.columns = table.columns;
    this.subject = subject;
    this.#participant = ids.participant_id;
    this.#session = ids.session_id;
    const seen = new Set<string>();
    const duplicates: string[] = [];
    table.rows.forEach((row, index) => {
      const participant = row[this.#participant], session = row[this.#session];
      if (participant === null || session === null) {
        throw new DataError(subject, `row ${index + 1} has no participant_id or no session_id`);
      }
      const key = sessionKey(participant, session);
      if (seen.has(key)) duplicates.push(`${participant} ${session}`);
      seen.add(key);
    });
    if (duplicates.length > 0) {
      throw new DataError(subject, `listed more than once: ${nameSome(duplicates)}`);
    }
    this.rows = [...table.rows].sort((a, b) =>
      compareText(this.participant(a), this.participant(b)) ||
      compareSessions(this.session(a), this.session(b))
    );
  }

  /** @throws {DataError} as {@link readTsv} and the constructor do */
  static read(text: string | Uint8Array, subject: string): SessionTable {
    return new SessionTable(readTsv(text, subject), subject);
  }

  participant(row: readonly Cell[]): string {
    return row[this.#participant] as string;
  }

  session(row: readonly Cell[]): string {
    return row[this.#session] as string;
  }

  has(column: string): boolean {
    return this.columns.includes(column);
  }

  /** @throws {DataError} when there is no such column */
  column(name: string): number {
    return columnIndices({ columns: [...this.columns] }, [name], this.subject)[name];
  }

  /** Rows of each participant in order of time; participants in order of their ids. */
  byParticipant(): Map<string, Cell[][]> {
    const groups = new Map<string, Cell[][]>();
    for (const row of this.rows) {
      const group = groups.get(this.participant(row));
      if (group) group.push(row);
      else groups.set(this.participant(row), [row]);
    }
    return groups;
  }

  /** The first session of every participant. */
  baseline(): SessionTable {
    return this.with([...this.byParticipant().values()].map(([first]) => first));
  }

  /** Every session of the participants named. */
  of(participants: ReadonlySet<string>): SessionTable {
    return this.with(this.rows.filter((row) => participants.has(this.participant(row))));
  }

  /** The same columns with other rows. */
  with(rows: readonly Cell[][]): SessionTable {
    return new SessionTable({ columns: [...this.columns], rows }, this.subject);
  }

  toTsv(): string {
    return writeTsv(this.columns, this.rows);
  }
}

/** Names the first few of a list. */
export function nameSome(names: readonly string[], limit = 8): string {
  const more = names.length - limit;
  return names.slice(0, limit).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** A number in a cell; NaN when missing. @throws {DataError} when it is anything else */
export function cellNumber(cell: Cell, what: string, subject: string): number {
  if (cell === null || /^(nan|na)$/i.test(cell)) return NaN;
  const value = Number(cell);
  if (cell.trim() === "" || !Number.isFinite(value)) {
    throw new DataError(subject, `${what} is not a number: "${cell}"`);
  }
  return value;
}

/** Names of the sessions that occur, in order of time. */
export function distinctSessions(table: SessionTable): string[] {
  return [...new Set(table.rows.map((row) => table.session(row)))].sort(compareSessions);
}
