/** Joins labels with what else is known of the sessions. */
import { DataError } from "../errors.ts";
import type { Cell } from "../formats/tsv.ts";
import { compareText, sessionKey } from "./identity.ts";
import { nameSome, SessionTable } from "./session_table.ts";

/**
 * Adds columns of a metadata table to labels, matching participants and sessions (`ses-M06` is
 * `ses-M006`). Columns that labels already have stay as they are.
 *
 * @param variables columns to add; undefined: all
 * @throws {DataError} when a session or a column is not in the metadata
 */
export function addMetadata(
  labels: SessionTable,
  metadata: SessionTable,
  variables?: readonly string[],
): SessionTable {
  const names = (variables ?? metadata.columns).filter((name) => !labels.has(name));
  const columns = names.map((name) => metadata.column(name));
  const { findRow } = indexSessions(metadata);
  const missing: string[] = [];
  const rows = labels.rows.map((row) => {
    const participant = labels.participant(row), session = labels.session(row);
    const found = findRow(labels, row);
    if (found === undefined) missing.push(`${participant} ${session}`);
    return [...row, ...columns.map((column) => found?.[column] ?? null)];
  });
  if (missing.length > 0) {
    throw new DataError(metadata.subject, `these sessions are not in it: ${nameSome(missing)}`);
  }
  return new SessionTable({ columns: [...labels.columns, ...names], rows }, labels.subject);
}

/** Finds the row of a session of another table, by cohorts where both tables have them. */
export function indexSessions(table: SessionTable): {
  findRow(other: SessionTable, row: readonly Cell[]): Cell[] | undefined;
} {
  const rows = new Map(table.rows.map((row) => [table.key(row), row]));
  const withoutCohorts = new Map<string, Cell[]>();
  const shared = new Set<string>();
  for (const row of table.rows) {
    const key = sessionKey(table.participant(row), table.session(row));
    if (withoutCohorts.has(key)) shared.add(key);
    withoutCohorts.set(key, row);
  }
  return {
    findRow: (other, row) => {
      if (other.has("cohort") && table.has("cohort")) return rows.get(other.key(row));
      const key = sessionKey(other.participant(row), other.session(row));
      if (!shared.has(key)) return withoutCohorts.get(key);
      throw new DataError(
        table.subject,
        `${other.participant(row)} ${other.session(row)} is in several cohorts, and ` +
          `${other.subject} has no column cohort`,
      );
    },
  };
}

/** Values in order of code units. */
export function distinct(cells: Iterable<Cell>): string[] {
  return [...new Set([...cells].filter((cell) => cell !== null))].sort(compareText);
}
