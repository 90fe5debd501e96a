/** The table that has every session of a data set with all its columns. */
import { SESSIONS_FILE } from "../../artifacts/caps.ts";
import { DataError } from "../../errors.ts";
import { SessionTable } from "../../tables/session_table.ts";
import type { Artifact, StepContext } from "../../workflow/step.ts";

/**
 * A merged table where a path is given, else the data set's.
 *
 * @throws {DataError} when there is neither
 */
export async function readMetadata(
  context: Pick<StepContext, "inputs" | "external" | "get">,
  mergedTsv: string | undefined,
): Promise<SessionTable> {
  if (mergedTsv !== undefined) {
    return SessionTable.read(await context.get(await context.external(mergedTsv)), mergedTsv);
  }
  const caps = context.inputs.caps as Artifact | undefined;
  if (caps === undefined) {
    throw new DataError("inputs", "connect a data set (in.caps) or name a table (merged_tsv)");
  }
  return SessionTable.read(await caps.readText(SESSIONS_FILE), SESSIONS_FILE);
}
