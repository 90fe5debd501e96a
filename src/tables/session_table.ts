/** Tables with one row a session: labels, splits and folds. */
import { type Cell, columnIndices, readTsv, type Table, writeTsv } from "../formats/tsv.ts";
import { DataError } from "../errors.ts";
import {
  compareSessions,
  compareText,
  orderVisits,
  participantId,
  personKey,
  personName,
  sessionId,
  sessionKey,
  type Visit,
} from "./identity.ts";

/** Columns with the time of a session, the first that the table has; none of age at baseline. */
const ACQUIRED = "acq_time";
const AGES = ["age", "age_at_visit", "age_at_scan", "age_at_session"];

/** Columns that say who a row is of, and when. */
const OWN_COLUMNS = ["participant_id", "session_id", "cohort", ACQUIRED, ...AGES];

/**
 * A table with the columns `participant_id` and `session_id`, its rows sorted by person and then by
 * time, so that what is made of it does not depend on the order of a file. A person is a participant,
 * of one cohort where the table has the column `cohort`.
 */
export class SessionTable {
  readonly columns: readonly string[];
  /** Columns of the file, for messages: more than `columns` where only some were read. */
  readonly header: readonly string[];
  readonly rows: readonly Cell[][];
  /** The file or step it came from, for messages. */
  readonly subject: string;
  readonly #participant: number;
  readonly #session: number;
  readonly #cohort: number;
  readonly #people: ReadonlyMap<string, Cell[][]>;
  /** Sessions of people whose order in time is not known. */
  readonly #unordered = new Map<string, string[]>();

  /**
   * @throws {DataError} when an id column is absent, an id is missing, or two rows are the same
   *   person's same session
   */
  constructor(table: Omit<Table, "rows"> & { rows: readonly Cell[][] }, subject: string) {
    const ids = columnIndices(table, ["participant_id", "session_id"], subject);
    this.columns = table.columns;
    this.header = table.header ?? table.columns;
    this.subject = subject;
    this.#participant = ids.participant_id;
    this.#session = ids.session_id;
    this.#cohort = table.columns.indexOf("cohort");
    const rows = table.rows.map((row, index) => this.#nameIds(row, index));
    this.#refuseDuplicates(rows);
    this.#people = this.#groupByPerson(rows);
    this.rows = [...this.#people.values()].flat();
  }

  /** The row with ids as BIDS spells them. */
  #nameIds(row: Cell[], index: number): Cell[] {
    const participant = row[this.#participant], session = row[this.#session];
    if (participant === null || session === null) {
      throw new DataError(
        this.subject,
        `row ${index + 1} has no participant_id or no session_id`,
      );
    }
    const names = [participantId(participant), sessionId(session)];
    if (names[0] === participant && names[1] === session) return row;
    return row.with(this.#participant, names[0]).with(this.#session, names[1]);
  }

  #refuseDuplicates(rows: readonly Cell[][]): void {
    const first = new Map<string, Cell[]>();
    const duplicates: string[] = [];
    for (const row of rows) {
      const earlier = first.get(this.key(row));
      if (earlier === undefined) first.set(this.key(row), row);
      else duplicates.push(this.#describeDuplicate(earlier, row));
    }
    if (duplicates.length === 0) return;
    throw new DataError(this.subject, `listed more than once: ${nameSome(duplicates)}`);
  }

  /** `sub-1 ses-M006 (sex "M" and "F")` */
  #describeDuplicate(first: readonly Cell[], second: readonly Cell[]): string {
    const name = `${this.participant(second)} ${this.session(second)}`;
    const differ = this.columns.map((_, i) => i).filter((i) =>
      i !== this.#session && first[i] !== null && second[i] !== null && first[i] !== second[i]
    );
    const values = differ.slice(0, 3)
      .map((i) => `${this.columns[i]} "${first[i]}" and "${second[i]}"`);
    return values.length === 0 ? name : `${name} (${values.join(", ")})`;
  }

  #groupByPerson(rows: readonly Cell[][]): Map<string, Cell[][]> {
    const acquired = this.columns.indexOf(ACQUIRED);
    const age = this.columns.indexOf(AGES.find((name) => this.columns.includes(name)) ?? "");
    const visitOf = (row: Cell[]): Visit => ({
      session: this.session(row),
      acquired: row[acquired],
      age: row[age],
    });
    const groups = [...Map.groupBy(rows, (row) => this.person(row))];
    return new Map(
      groups.sort(([a], [b]) => compareText(a, b)).map(([person, visits]) => {
        const { ordered, known } = orderVisits(visits, visitOf);
        if (!known) this.#unordered.set(person, ordered.map((row) => this.session(row)));
        return [person, ordered];
      }),
    );
  }

  /**
   * @param columns those to read besides ids and what orders sessions; absent: all
   * @throws {DataError} as {@link readTsv} and the constructor do
   */
  static read(
    text: string | Uint8Array,
    subject: string,
    columns?: readonly string[],
  ): SessionTable {
    const keep = columns && new Set([...OWN_COLUMNS, ...columns]);
    return new SessionTable(readTsv(text, subject, keep), subject);
  }

  participant(row: readonly Cell[]): string {
    return row[this.#participant] as string;
  }

  session(row: readonly Cell[]): string {
    return row[this.#session] as string;
  }

  /** Cohort of the row, undefined where the table has none. */
  cohort(row: readonly Cell[]): string | undefined {
    return row[this.#cohort] ?? undefined;
  }

  /** The row's person, as {@link personKey} has it. */
  person(row: readonly Cell[]): string {
    return personKey(this.participant(row), this.cohort(row));
  }

  /** The row's session, as {@link sessionKey} has it. */
  key(row: readonly Cell[]): string {
    return sessionKey(this.participant(row), this.session(row), this.cohort(row));
  }

  has(column: string): boolean {
    return this.columns.includes(column);
  }

  /** @throws {DataError} when there is no such column */
  column(name: string): number {
    const at = this.columns.indexOf(name);
    if (at < 0 && this.header.includes(name)) throw new TypeError(`${name} was not read`);
    return at < 0 ? columnIndices(this.#shape(), [name], this.subject)[name] : at;
  }

  /** Rows of each person in order of time, by {@link personKey}; people in order of their ids. */
  byPerson(): ReadonlyMap<string, readonly Cell[][]> {
    return this.#people;
  }

  /**
   * @param purpose what the order is needed for
   * @throws {DataError} naming people with several sessions whose order in time can't be known
   */
  requireOrder(purpose: string): void {
    const names = [...this.#unordered]
      .map(([person, sessions]) => `${personName(person)} (${sessions.join(", ")})`);
    if (names.length === 0) return;
    throw new DataError(
      this.subject,
      `${purpose} needs the order of sessions in time, which is not known for ${
        nameSome(names, 3)
      }: neither their names (ses-M<months>, or one pattern with a number) nor the columns ` +
        `${ACQUIRED} and age give it; add a column ${ACQUIRED} with the date of every session`,
    );
  }

  /** Whether the person's sessions can be put in order of time. */
  hasOrder(person: string): boolean {
    return !this.#unordered.has(person);
  }

  /** Whether every person's sessions can be put in order of time. */
  get ordered(): boolean {
    return this.#unordered.size === 0;
  }

  /** The first session of every person. @throws {DataError} where it can't be known */
  baseline(): SessionTable {
    this.requireOrder("the first session of a participant");
    return this.with([...this.#people.values()].map(([first]) => first));
  }

  /** Every session of the people named by {@link personKey}. */
  of(people: ReadonlySet<string>): SessionTable {
    return this.with(this.rows.filter((row) => people.has(this.person(row))));
  }

  /** The same columns with other rows. */
  with(rows: readonly Cell[][]): SessionTable {
    return new SessionTable({ ...this.#shape(), rows }, this.subject);
  }

  #shape(): Omit<Table, "rows"> {
    return { columns: [...this.columns], header: this.header };
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
  if (cell === null) return NaN;
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
