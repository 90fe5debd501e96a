/** What the cells of age, sex and diagnosis columns mean. */
import { DataError } from "../errors.ts";
import type { Cell } from "../formats/tsv.ts";
import { isBaselineAge } from "./columns.ts";
import { personName, sessionMonths } from "./identity.ts";
import { cellNumber, nameSome, type SessionTable } from "./session_table.ts";

export type Sex = "M" | "F" | "O";

/** Values that stand for a sex, such as `{ "1": "M", "2": "F" }`. */
export type SexLevels = Readonly<Record<string, string>>;

/** BIDS: `male`, `m`, `M`, `MALE`, `Male`, and so on. */
const SEXES: ReadonlyMap<string, Sex> = new Map([
  ["m", "M"],
  ["male", "M"],
  ["f", "F"],
  ["female", "F"],
  ["o", "O"],
  ["other", "O"],
]);

/** The sex that a word or letter names, by BIDS's list; undefined for anything else. */
export function parseSex(text: string): Sex | undefined {
  return SEXES.get(text.trim().toLowerCase());
}

/** Whether a code is a number, which means nothing without levels. */
export function isNumeric(text: string): boolean {
  return text.trim() !== "" && Number.isFinite(Number(text));
}

/**
 * The sex of every person of the table; people of unknown sex are absent.
 *
 * @param levels what numbers and other codes stand for; `n/a` for missing
 * @throws {DataError} on a value that names no sex, a number without its level, words and numbers in
 *   one column, and a person of two sexes
 */
export function readSexes(
  table: SessionTable,
  column: number,
  levels: SexLevels = {},
): Map<string, Sex> {
  const name = table.columns[column];
  const sexes = new Map<string, Sex>();
  const sources = new Map<string, string>();
  const examples = new Map<boolean, string>();
  for (const row of table.rows) {
    const cell = row[column];
    if (cell === null) continue;
    const session = `${table.participant(row)} ${table.session(row)}`;
    examples.set(isNumeric(cell), `"${cell}" (${session})`);
    if (examples.size > 1) {
      throw new DataError(
        table.subject,
        `${name} is written in words and in numbers: ${examples.get(false)} and ${
          examples.get(true)
        }; write it in one way`,
      );
    }
    const sex = sexOf(cell, levels, `${name} of ${session}`, table.subject);
    if (sex === null) continue;
    const person = table.person(row);
    const known = sexes.get(person);
    if (known !== undefined && known !== sex) {
      throw new DataError(
        table.subject,
        `${personName(person)} has two sexes: ${sources.get(person)} and ${session} "${cell}"`,
      );
    }
    sexes.set(person, sex);
    if (known === undefined) sources.set(person, `${session} "${cell}"`);
  }
  return sexes;
}

/**
 * Refuses two sexes of one person in a table whose codes need not be known yet: a column with other
 * values than BIDS's words is left to {@link readSexes}.
 *
 * @throws {DataError} naming both
 */
export function refuseTwoSexes(table: SessionTable, column: number): void {
  const words = table.rows.every((row) => row[column] === null || parseSex(row[column]));
  if (words) readSexes(table, column);
}

/** A sex, null where the level is `n/a`. @throws {DataError} when the value names none */
export function sexOf(cell: string, levels: SexLevels, what: string, subject: string): Sex | null {
  const code = Object.hasOwn(levels, cell) || !isNumeric(cell) ? cell : String(Number(cell));
  const level = Object.hasOwn(levels, code) ? levels[code] : undefined;
  if (level?.toLowerCase() === "n/a") return null;
  const sex = parseSex(level ?? cell);
  if (sex !== undefined) return sex;
  throw new DataError(
    subject,
    isNumeric(cell)
      ? `${what} is ${cell}: what a number stands for must be given, by Levels in participants.json ` +
        'or by sex_levels = { 1 = "M", 2 = "F" }'
      : `${what} is "${level ?? cell}", which is none of M, F, O, male, female, other; give its ` +
        'meaning by sex_levels, such as { W = "F" }',
  );
}

/** Cells by {@link SessionTable.key}. */
export interface CleanColumn {
  cells: Map<string, Cell>;
  warnings: string[];
}

/**
 * Ages of the rows: `89+` is 89 and a range such as `18-38` is missing, each with a warning. An age
 * at baseline belongs to the first visit only, other sessions have none.
 *
 * @throws {DataError} on anything else that is no number
 */
export function readAges(
  table: SessionTable,
  column: number,
  rows: readonly Cell[][] = table.rows,
): CleanColumn {
  const name = table.columns[column];
  const cells = new Map<string, Cell>();
  const open: string[] = [], ranges: string[] = [], later: string[] = [];
  const baselineOnly = isBaselineAge(table, column);
  for (const row of rows) {
    const text = row[column];
    const session = `${table.participant(row)} ${table.session(row)}`;
    let age = text;
    if (text !== null && baselineOnly && !isBaseline(table, row)) {
      later.push(session);
      age = null;
    } else if (text !== null && /^\d+(\.\d+)?\+$/.test(text)) {
      open.push(`${session} (${text})`);
      age = text.slice(0, -1);
    } else if (text !== null && /^\d+(\.\d+)?\s*[-–]\s*\d+(\.\d+)?$/.test(text)) {
      ranges.push(`${session} (${text})`);
      age = null;
    } else cellNumber(text, `${name} of ${table.participant(row)}`, table.subject);
    cells.set(table.key(row), age);
  }
  const warnings: string[] = [];
  if (open.length > 0) warnings.push(`${name}: its number is taken for ${nameSome(open, 3)}`);
  if (ranges.length > 0) warnings.push(`${name}: a range is missing data: ${nameSome(ranges, 3)}`);
  if (later.length > 0) {
    warnings.push(
      `${name} is the age at baseline: ${later.length} later sessions have no age ` +
        `(${nameSome(later, 3)})`,
    );
  }
  return { cells, warnings };
}

/** The session of month 0, or where names have no months the first. */
function isBaseline(table: SessionTable, row: Cell[]): boolean {
  const months = sessionMonths(table.session(row));
  if (months !== undefined) return months === 0;
  const visits = table.byPerson().get(table.person(row))!;
  return visits.length === 1 ||
    table.hasOrder(table.person(row)) && table.key(visits[0]) === table.key(row);
}

/** A warning where a column holds `None`, which is a value and perhaps was not meant to be one. */
export function warnOfNone(table: SessionTable, column: number): string[] {
  const name = table.columns[column];
  const sessions = table.rows.filter((row) => row[column] === "None")
    .map((row) => `${table.participant(row)} ${table.session(row)}`);
  if (sessions.length === 0) return [];
  return [
    `${name} is "None" for ${nameSome(sessions, 3)}: this is read as a value of that name; write ` +
    "n/a where it is missing",
  ];
}
