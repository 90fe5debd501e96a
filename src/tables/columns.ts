/** Which columns of a table hold the diagnosis, age and sex. */
import { DataError } from "../errors.ts";
import { nameSome, type SessionTable } from "./session_table.ts";

/** Names that a workflow gives; without one a column of a fixed list is looked for. */
export interface ColumnNames {
  diagnosis?: string;
  age?: string;
  sex?: string;
}

export type Meaning = keyof ColumnNames;

/** Ages of the first visit only. */
const BASELINE_AGES: readonly string[] = ["age_bl", "age_at_baseline"];

/** The first that a table has is taken. Clinica's `dx1` wins over `diagnosis`, as in ClinicaDL. */
const NAMES: Readonly<Record<Meaning, readonly string[]>> = {
  diagnosis: ["dx1", "diagnosis"],
  age: ["age", "age_at_visit", "age_at_scan", "age_at_session", "age_years", ...BASELINE_AGES],
  sex: ["sex"],
};

/** Names that are suggested but never taken without being asked for. */
const ALIKE: Readonly<Record<Meaning, RegExp>> = {
  diagnosis: /^(dx|diagnosis|diagnostic|group|disease|pathology|condition)([_ ]|$)/i,
  age: /(^|[^a-z])age([^a-z]|$)/i,
  sex: /(^|[^a-z])(sex|ptgender|gender)$/i,
};

export type ColumnTable = Pick<SessionTable, "columns" | "subject"> & {
  header?: readonly string[];
};

/** Every column in which the meanings may be found. */
export function possibleColumns(names: ColumnNames = {}): string[] {
  return [...Object.values(NAMES).flat(), ...Object.values(names).filter((name) => name)];
}

/**
 * Position of the column, undefined where the table has none.
 *
 * @param given its name, where the workflow gives one
 * @throws {DataError} when the table lacks the given column
 */
export function findColumn(
  table: ColumnTable,
  meaning: Meaning,
  given?: string,
): number | undefined {
  if (given === undefined) {
    const name = NAMES[meaning].find((name) => table.columns.includes(name));
    return name === undefined ? undefined : table.columns.indexOf(name);
  }
  const at = table.columns.indexOf(given);
  if (at >= 0) return at;
  const alike = headerOf(table).find((name) => name.toLowerCase() === given.toLowerCase());
  throw new DataError(
    table.subject,
    `no column "${given}" (${meaning}_column)` +
      (alike === undefined ? `; ${columnList(table)}` : `; did you mean "${alike}"?`),
  );
}

/** @throws {DataError} when the table has no such column; it suggests one where a name is alike */
export function requireColumn(table: ColumnTable, meaning: Meaning, given?: string): number {
  const at = findColumn(table, meaning, given);
  if (at !== undefined) return at;
  throw new DataError(table.subject, describeMissing(table, meaning));
}

/** `no column "diagnosis"; did you mean "group"? Then set diagnosis_column = "group"` */
export function describeMissing(table: ColumnTable, meaning: Meaning): string {
  const alike = headerOf(table).find((name) => ALIKE[meaning].test(name));
  return `no column "${meaning}"; ` +
    (alike === undefined
      ? `${columnList(table)}; name it with ${meaning}_column`
      : `did you mean "${alike}"? Then set ${meaning}_column = "${alike}"`);
}

function columnList(table: ColumnTable): string {
  return `the table has ${nameSome(headerOf(table).map((name) => `"${name}"`), 40)}`;
}

function headerOf({ columns, header = columns }: ColumnTable): readonly string[] {
  return header;
}

/** Whether the column holds ages of the first visit, which later sessions do not have. */
export function isBaselineAge(table: ColumnTable, column: number): boolean {
  return BASELINE_AGES.includes(table.columns[column]);
}
