/** Joins labels with what else is known of the sessions. */
import { DataError } from "../errors.ts";
import type { Cell } from "../formats/tsv.ts";
import { compareText, nameSome, sessionKey, SessionTable } from "./session_table.ts";

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
  const bySession = indexSessions(metadata);
  const missing: string[] = [];
  const rows = labels.rows.map((row) => {
    const participant = labels.participant(row), session = labels.session(row);
    const found = bySession.get(sessionKey(participant, session));
    if (found === undefined) missing.push(`${participant} ${session}`);
    return [...row, ...columns.map((column) => found?.[column] ?? null)];
  });
  if (missing.length > 0) {
    throw new DataError(metadata.subject, `these sessions are not in it: ${nameSome(missing)}`);
  }
  return new SessionTable({ columns: [...labels.columns, ...names], rows }, labels.subject);
}

export function indexSessions(table: SessionTable): Map<string, Cell[]> {
  return new Map(
    table.rows.map((row) => [sessionKey(table.participant(row), table.session(row)), row]),
  );
}

/** Values in order of code units. */
export function distinct(cells: Iterable<Cell>): string[] {
  return [...new Set([...cells].filter((cell) => cell !== null))].sort(compareText);
}
