/** The table that has every session of a data set with all its columns. */
import { SESSIONS_FILE } from "../../artifacts/caps.ts";
import { DataError } from "../../errors.ts";
import { SessionTable } from "../../tables/session_table.ts";
import type { Artifact, StepContext } from "../../workflow/step.ts";

/**
 * A merged table where a path is given, else the data set's.
 *
 * @param columns those to read, as {@link SessionTable.read} takes them
 * @throws {DataError} when there is neither
 */
export async function readMetadata(
  context: Pick<StepContext, "inputs" | "external" | "get">,
  mergedTsv: string | undefined,
  columns?: readonly string[],
): Promise<SessionTable> {
  if (mergedTsv !== undefined) {
    const bytes = await context.get(await context.external(mergedTsv));
    return SessionTable.read(bytes, mergedTsv, columns);
  }
  const caps = context.inputs.caps as Artifact | undefined;
  if (caps === undefined) {
    throw new DataError("inputs", "connect a data set (in.caps) or name a table (merged_tsv)");
  }
  return SessionTable.read(await caps.readText(SESSIONS_FILE), SESSIONS_FILE, columns);
}
