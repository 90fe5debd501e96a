/** The report as a file. */
import { DataError } from "../errors.ts";
import { runPath } from "../engine/run/run_folder.ts";
import type { Store } from "../engine/store/store.ts";

/** Path of a run's own report. */
export function reportPath(store: Store, run: string): string {
  return `${runPath(store, run)}/report.html`;
}

/**
 * Writes a temporary file and renames it, so that a reader never finds half a report.
 *
 * @throws {DataError} when the folder is missing or the disk refuses
 */
export async function writePage(page: string, path: string): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}`;
  try {
    await Deno.writeTextFile(temporary, page);
    await Deno.rename(temporary, path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new DataError(path, `the report can't be written: ${(cause as Error).message}`, {
      cause,
    });
  }
}
