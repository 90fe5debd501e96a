/** What was found in a data set, for the log of the step that opened it. */
import { SessionTable } from "../../tables/session_table.ts";
import { summariseSessions } from "../../tables/summary.ts";
import type { OpenedDataset } from "./open.ts";

/** Images, first sessions, columns and classes, then what does not match, a line each. */
export function summariseDataset({ images, sessions, notes }: OpenedDataset): string {
  const table = new SessionTable(sessions, "participants.tsv");
  return [`${images.length} images`, ...summariseSessions(table), ...notes].join("\n");
}
