/** Removes published files: exactly those that the ledger knows and nobody has edited since. */
import { removeTree } from "../../disk/folders.ts";
import { remove } from "../../disk/write.ts";
import type { Store } from "../store/store.ts";
import { Folders, removeEmptyFolders } from "./folders.ts";
import type { Ledger } from "./ledger.ts";
import type { LedgerEntry } from "./ledger_entry.ts";
import { occupantOf } from "./place.ts";

/** Paths relative to the project folder. */
export interface Unpublished {
  removed: string[];
  /** Edited since, or no longer reached without a link that leads out: they stay. */
  kept: string[];
}

/**
 * Forgets the entries once their files are gone: a kill before that loses nothing.
 *
 * @param project absolute path
 * @param dryRun finds what would be removed, and removes nothing
 */
export async function unpublish(
  store: Store,
  ledger: Ledger,
  entries: readonly LedgerEntry[],
  dryRun: boolean,
): Promise<Unpublished> {
  const removed: string[] = [];
  const kept: string[] = [];
  const project = ledger.folder;
  for (const entry of entries) {
    const { path, files, left, staging } = entry;
    const folders = new Folders(project, path);
    for (const [file, known] of [...files, ...left]) {
      const occupant = await occupantOf(store, `${project}/${file}`);
      if (occupant.what === "nothing") continue;
      const isOurs = occupant.what === "file" && known.includes(occupant.digest) &&
        !folders.obstacle(file, () => false);
      (isOurs ? removed : kept).push(file);
      if (isOurs && !dryRun) remove(`${project}/${file}`);
    }
    if (dryRun) continue;
    if (staging !== undefined) removeTree(`${project}/${staging}`);
    removeEmptyFolders(project, entry.folders);
    ledger.remove(entry);
  }
  return { removed, kept };
}
