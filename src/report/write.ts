/** The report as a file. */
import { replaceFile } from "../disk/write.ts";
import { DataError } from "../errors.ts";
import { runPath } from "../engine/run/run_folder.ts";
import type { Store } from "../engine/store/store.ts";

/** Path of a run's own report. */
export function reportPath(store: Store, run: string): string {
  return `${runPath(store, run)}/report.html`;
}

/**
 * Replaces it at once: a reader never finds half a report.
 *
 * @throws {DataError} when the folder is missing or the disk refuses
 */
export async function writePage(page: string, path: string): Promise<void> {
  try {
    await replaceFile(path, page, false);
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause;
    throw new DataError(path, `the report can't be written: ${cause.problem}`, { cause });
  }
}
