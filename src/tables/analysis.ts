/** Describes the participants of each diagnosis. */
import type { Cell, Table } from "../formats/tsv.ts";
import {
  type ColumnNames,
  findColumn,
  type Meaning,
  possibleColumns,
  requireColumn,
} from "./columns.ts";
import { distinct, indexSessions } from "./metadata.ts";
import { cellNumber, type SessionTable } from "./session_table.ts";
import { moments } from "./statistics.ts";
import { readAges, readSexes, type SexLevels } from "./values.ts";

const CDR_LEVELS = [0, 0.5, 1, 2, 3];
const SPREADS = ["mean", "std", "min", "max"];

const MMSE = ["MMSE", "MMS"];
const CDR = "cdr_global";

/** Columns of metadata that {@link analyseLabels} reads besides ids. */
export function analysedColumns(names: ColumnNames): string[] {
  return [...possibleColumns(names), ...MMSE, CDR];
}

/**
 * One row a diagnosis: participants, age, sex, MMSE and global CDR at their first session with that
 * diagnosis, and scans a participant. Standard deviations are the population's. What nothing is known
 * of is missing, counts too.
 *
 * @param metadata of all sessions, for ages, MMSE (`MMSE` or `MMS`) and CDR (`cdr_global`) where
 *   labels lack them
 */
export function analyseLabels(
  labels: SessionTable,
  metadata: SessionTable,
  options: { columns?: ColumnNames; sexLevels?: SexLevels } = {},
): { table: Table; warnings: string[] } {
  const names = options.columns ?? {};
  const columns = [
    "group",
    "n_subjects",
    ...SPREADS.map((spread) => `${spread}_age`),
    "sexF",
    "sexM",
    ...SPREADS.map((spread) => `${spread}_MMSE`),
    ...CDR_LEVELS.map((level) => `CDR_${level}`),
    "mean_scans",
    "std_scans",
    "n_scans",
  ];
  const diagnosis = requireColumn(labels, "diagnosis", names.diagnosis);
  const { findRow } = indexSessions(metadata);
  const warnings: string[] = [];
  /** The labels' value of a row, else that of the metadata. */
  const reader = (read: (table: SessionTable) => ((row: Cell[]) => Cell) | undefined) => {
    const own = read(labels);
    let other: ((row: Cell[]) => Cell) | undefined | "unread" = metadata === labels
      ? undefined
      : "unread";
    return (row: Cell[]): Cell => {
      const value = own?.(row) ?? null;
      if (value !== null || other === undefined) return value;
      // What the labels hold need not be readable in the metadata.
      if (other === "unread") other = read(metadata);
      if (other === undefined) return null;
      const found = findRow(labels, row);
      return found === undefined ? null : other(found);
    };
  };
  /** A column that parameters name must be in one of the tables. */
  const locate = (table: SessionTable, meaning: Meaning) => {
    const given = names[meaning];
    const elsewhere = table === labels ? metadata : labels;
    if (given !== undefined && !table.has(given) && elsewhere.has(given)) return undefined;
    return findColumn(table, meaning, given);
  };
  const age = reader((table) => {
    const column = locate(table, "age");
    if (column === undefined) return undefined;
    const { cells, warnings: found } = readAges(table, column);
    warnings.push(...found);
    return (row) => cells.get(table.key(row)) ?? null;
  });
  const sex = reader((table) => {
    const column = locate(table, "sex");
    if (column === undefined) return undefined;
    const sexes = readSexes(table, column, options.sexLevels);
    return (row) => sexes.get(table.person(row)) ?? null;
  });
  const score = (...names: string[]) =>
    reader((table) => {
      const name = names.find((name) => table.has(name));
      if (name === undefined) return undefined;
      const column = table.column(name);
      return (row) => row[column];
    });
  const mmse = score(...MMSE), cdr = score(CDR);

  const rows = distinct(labels.rows.map((row) => row[diagnosis])).map((group) => {
    const sessions = labels.with(labels.rows.filter((row) => row[diagnosis] === group));
    const scans = [...sessions.byPerson().values()].map((visits) => visits.length);
    const first = [...sessions.byPerson().values()].map(([visit]) => visit);
    const number = (read: (row: Cell[]) => Cell, what: string) =>
      first.map((row) =>
        cellNumber(read(row), `${what} of ${labels.participant(row)}`, metadata.subject)
      );
    const sexes = first.map(sex).filter((value) => value !== null);
    const ratings = number(cdr, CDR).filter((rating) => !Number.isNaN(rating));
    const count = <Value>(values: readonly Value[], wanted: Value) =>
      values.length === 0 ? NaN : values.filter((value) => value === wanted).length;
    const [meanScans, stdScans] = describe(scans);
    const values = [
      first.length,
      ...describe(number(age, "age")),
      count(sexes, "F"),
      count(sexes, "M"),
      ...describe(number(mmse, "MMSE")),
      ...CDR_LEVELS.map((level) => count(ratings, level)),
      meanScans,
      stdScans,
      scans.reduce((sum, count) => sum + count, 0),
    ];
    return [group, ...values.map((value) => Number.isNaN(value) ? null : String(value))];
  });
  return { table: { columns, rows }, warnings };
}

/** Mean, population standard deviation, minimum and maximum; NaN when there are no values. */
function describe(values: readonly number[]): number[] {
  const { count, mean, squares } = moments(values);
  if (count === 0) return [NaN, NaN, NaN, NaN];
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [mean, Math.sqrt(squares / count), low, high];
}
