/** Where a published file comes from. */
import { statIfPresent } from "../../disk/read.ts";
import { dirname, relative } from "../../workflow/paths.ts";
import { digestFile } from "../store/digest.ts";
import type { Store } from "../store/store.ts";
import { Ledger } from "./ledger.ts";
import { knownContent, type LedgerEntry } from "./ledger_entry.ts";

export interface Origin {
  /** What was published there, by which workflow. */
  entry: LedgerEntry;
  /** Whether a file has other bytes than those that were published; false for a folder. */
  isEdited: boolean;
  /** Whether it is of another output, which was published to the path before. */
  isLeft: boolean;
}

/**
 * The publications that a file is of, or that a folder has files of; none where nothing there was
 * published from this store.
 *
 * @param path absolute
 */
export async function originsOf(store: Store, path: string): Promise<Origin[]> {
  const isFile = statIfPresent(path)?.isFile ?? false;
  const content = isFile ? (await digestFile(path)).digest : undefined;
  const origins: Origin[] = [];
  for (let folder = path; dirname(folder) !== folder;) {
    folder = dirname(folder);
    const place = relative(folder, path);
    for (const entry of new Ledger(store, folder).entries()) {
      const found = entry.found.get(place);
      const known = knownContent(entry, place) ?? (found === undefined ? [] : [found]);
      const isOf = isFile
        ? known.length > 0
        : [...entry.files.keys()].some((file) => file.startsWith(`${place}/`));
      if (!isOf) continue;
      const isEdited = content !== undefined && !known.includes(content);
      const isLeft = entry.left.has(place) && !entry.files.has(place);
      origins.push({ entry, isEdited, isLeft });
    }
  }
  return origins;
}
