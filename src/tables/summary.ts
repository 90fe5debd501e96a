/** What is known of the sessions of a data set, in a few lines for the log. */
import { describeMissing, findColumn, type Meaning } from "./columns.ts";
import { compareText } from "./identity.ts";
import type { SessionTable } from "./session_table.ts";

const MEANINGS: readonly Meaning[] = ["age", "sex", "diagnosis"];

/** Which columns are age, sex and diagnosis, which sessions are the first, which classes there are. */
export function summariseSessions(table: SessionTable): string[] {
  const people = table.byPerson();
  const lines = [`${people.size} participants, ${table.rows.length} sessions`];
  for (const meaning of MEANINGS) {
    const column = findColumn(table, meaning);
    lines.push(
      column === undefined
        ? `${meaning}: ${describeMissing(table, meaning)}`
        : `${meaning}: column ${table.columns[column]}`,
    );
  }
  const first = [...people].map(([person, [row]]) =>
    people.get(person)!.length === 1 || table.hasOrder(person) ? table.session(row) : "not known"
  );
  lines.push(`first sessions: ${countValues(first)}`);
  const diagnosis = findColumn(table, "diagnosis");
  if (diagnosis !== undefined) {
    lines.push(`sessions by diagnosis: ${countValues(table.rows.map((row) => row[diagnosis]))}`);
  }
  return lines;
}

/** `AD 5, CN 6, n/a 1` */
function countValues(values: readonly (string | null)[]): string {
  return [...Map.groupBy(values, (value) => value ?? "n/a")]
    .sort(([a], [b]) => compareText(a, b))
    .map(([value, group]) => `${value} ${group.length}`).join(", ");
}
