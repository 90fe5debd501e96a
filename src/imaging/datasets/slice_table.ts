/** Slices chosen for each participant by a table. */
import { DataError } from "../../errors.ts";
import { columnIndices, readTsv } from "../../formats/tsv.ts";

/**
 * @param bytes a table of `participant_id`, `slice_id` and perhaps `session_id`, one row a slice
 * @returns the slices of a session, in the table's order
 * @throws {DataError} on a slice_id that is no index; from the result, when a session has no row
 */
export function sliceTable(
  bytes: Uint8Array,
  subject: string,
): (participant: string, session: string) => number[] {
  const table = readTsv(bytes, subject);
  const at = columnIndices(table, ["participant_id", "slice_id"], subject);
  const sessionAt = table.columns.indexOf("session_id");
  const slices = new Map<string, number[]>();
  table.rows.forEach((row, index) => {
    const slice = Number(row[at.slice_id] ?? NaN);
    if (!Number.isInteger(slice) || slice < 0) {
      throw new DataError(
        subject,
        `row ${index + 1}: slice_id "${row[at.slice_id] ?? "n/a"}" is no slice index`,
      );
    }
    const session = sessionAt < 0 ? null : row[sessionAt];
    const name = session === null
      ? `${row[at.participant_id]}`
      : `${row[at.participant_id]} ${session}`;
    slices.set(name, [...slices.get(name) ?? [], slice]);
  });
  return (participant, session) => {
    const found = slices.get(`${participant} ${session}`) ?? slices.get(participant);
    if (found === undefined) {
      throw new DataError(subject, `it names no slices of ${participant} ${session}`);
    }
    return found;
  };
}
