/** Describes the participants of each diagnosis. */
import type { Cell, Table } from "../formats/tsv.ts";
import { columnLike } from "./labels.ts";
import { distinct, indexSessions } from "./metadata.ts";
import { cellNumber, sessionKey, type SessionTable } from "./session_table.ts";
import { moments } from "./statistics.ts";

const CDR_LEVELS = [0, 0.5, 1, 2, 3];
const SPREADS = ["mean", "std", "min", "max"];

/**
 * One row a diagnosis: participants, age, sex, MMSE and global CDR at their first session with that
 * diagnosis, and scans a participant. Standard deviations are the population's.
 *
 * @param metadata of all sessions, for ages, MMSE (`MMSE` or `MMS`) and CDR (`cdr_global`) where
 *   labels lack them
 */
export function analyseLabels(labels: SessionTable, metadata: SessionTable): Table {
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
  const diagnosis = labels.column("diagnosis");
  const known = indexSessions(metadata);
  const sources = [labels, metadata];
  const reader = (names: readonly string[]) => {
    const columnOf = sources.map((table) =>
      names.map((name) => columnLike(table, name)).find((column) => column !== undefined)
    );
    return (row: Cell[]): Cell => {
      const own = columnOf[0] === undefined ? null : row[columnOf[0]];
      if (own !== null || columnOf[1] === undefined) return own;
      const key = sessionKey(labels.participant(row), labels.session(row));
      return known.get(key)?.[columnOf[1]] ?? null;
    };
  };
  const age = reader(["age"]), sex = reader(["sex"]);
  const mmse = reader(["MMSE", "MMS"]), cdr = reader(["cdr_global"]);

  const rows = distinct(labels.rows.map((row) => row[diagnosis])).map((group) => {
    const sessions = labels.with(labels.rows.filter((row) => row[diagnosis] === group));
    const scans = [...sessions.byParticipant().values()].map((visits) => visits.length);
    const first = [...sessions.byParticipant().values()].map(([visit]) => visit);
    const number = (read: (row: Cell[]) => Cell, what: string) =>
      first.map((row) =>
        cellNumber(read(row), `${what} of ${labels.participant(row)}`, metadata.subject)
      );
    const sexes = first.map((row) => sex(row)?.[0]?.toUpperCase());
    const ratings = number(cdr, "cdr_global");
    const [meanScans, stdScans] = describe(scans);
    const values = [
      first.length,
      ...describe(number(age, "age")),
      sexes.filter((value) => value === "F").length,
      sexes.filter((value) => value === "M").length,
      ...describe(number(mmse, "MMSE")),
      ...CDR_LEVELS.map((level) => ratings.filter((rating) => rating === level).length),
      meanScans,
      stdScans,
      scans.reduce((sum, count) => sum + count, 0),
    ];
    return [group, ...values.map((value) => Number.isNaN(value) ? null : String(value))];
  });
  return { columns, rows };
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
