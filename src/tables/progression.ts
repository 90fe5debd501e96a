/** Whether a diagnosis will change within a time horizon. */
import { DataError } from "../errors.ts";
import { type ColumnNames, requireColumn } from "./columns.ts";
import { personName, sessionMonths } from "./identity.ts";
import { SessionTable } from "./session_table.ts";

const STAGES: ReadonlyMap<string, number> = new Map([["CN", 0], ["MCI", 1], ["AD", 2], [
  "Dementia",
  2,
]]);

interface Visit {
  months: number;
  stage: number;
}

/**
 * Adds the column `progression`: `s` stable, `p` progresses, `r` regresses, `us` unstable (a
 * participant who does both), `uk` unknown (the last session).
 *
 * A session is compared with the session exactly `horizon` months later; where follow-up ends before,
 * with the last one; where there is none at that time, with the nearest before it and, if that is
 * equal, with the nearest after it.
 *
 * @throws {DataError} when a diagnosis has no place in CN < MCI < AD or a session's time is unknown
 */
export function addProgression(
  labels: SessionTable,
  horizon: number,
  names: ColumnNames = {},
): SessionTable {
  const diagnosis = requireColumn(labels, "diagnosis", names.diagnosis);
  const previous = labels.has("progression") ? labels.column("progression") : undefined;
  const others = labels.columns.map((_, i) => i).filter((i) => i !== previous);
  const rows = [...labels.byPerson()].flatMap(([person, sessions]) => {
    const visits = sessions.map((row): Visit => {
      const months = sessionMonths(labels.session(row));
      const stage = STAGES.get(row[diagnosis] ?? "");
      if (months === undefined || stage === undefined) {
        throw new DataError(
          labels.subject,
          `${personName(person)} ${labels.session(row)}: progression needs sessions named ` +
            `ses-M<months> and diagnoses among ${[...STAGES.keys()].join(", ")}, ` +
            (row[diagnosis] === null
              ? "but its diagnosis is missing; select sessions with labels.get before"
              : `not "${row[diagnosis]}"`),
        );
      }
      return { months, stage };
    });
    const changes = visits.map((_, i) => changeAfter(visits, i, horizon));
    const unstable = changes.includes("p") && changes.includes("r");
    return sessions.map((row, i) => [
      ...others.map((column) => row[column]),
      unstable ? "us" : i === sessions.length - 1 ? "uk" : changes[i],
    ]);
  });
  const columns = [...others.map((i) => labels.columns[i]), "progression"];
  return new SessionTable({ columns, rows }, labels.subject);
}

function changeAfter(visits: readonly Visit[], index: number, horizon: number): string {
  const now = visits[index];
  const due = now.months + horizon;
  const compare = (visit: Visit) =>
    visit.stage > now.stage ? "p" : visit.stage < now.stage ? "r" : "s";
  const last = visits[visits.length - 1];
  if (due > last.months) return compare(last);
  const after = visits.findIndex((visit) => visit.months >= due);
  if (visits[after].months === due) return compare(visits[after]);
  const before = compare(visits[after - 1]);
  return before === "s" ? compare(visits[after]) : before;
}
