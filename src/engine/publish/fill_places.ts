/** Changes the places of a publication: removes what the output lacks, renames what is staged. */
import { makeFolder } from "../../disk/folders.ts";
import { linkStatIfPresent } from "../../disk/read.ts";
import { remove, rename } from "../../disk/write.ts";
import { foldersOf } from "../../workflow/nested_paths.ts";
import { takeFingerprint } from "../store/fingerprint.ts";
import type { Store } from "../store/store.ts";
import { folderOf, removeEmptyFolders } from "./folders.ts";

export interface StagedMove {
  /** Relative to the project. */
  file: string;
  digest: string;
  /** Absolute path of the staged file. */
  staged: string;
}

/**
 * Returns when all of it would survive a power failure.
 *
 * @param stale files to remove, relative to the project
 * @param folders that Gyrus made or will make, the outer first
 */
export async function fillPlaces(
  store: Store,
  project: string,
  moves: readonly StagedMove[],
  stale: ReadonlySet<string>,
  folders: readonly string[],
): Promise<void> {
  const changed = new Set<string>();
  for (const file of stale) {
    remove(`${project}/${file}`);
    changed.add(folderOf(file));
  }
  removeEmptyFolders(project, folders);
  const made = new Set(folders);
  const fingerprints = moves.map(({ staged }) => takeFingerprint(staged));
  const known = Date.now();
  for (const [index, { file, digest, staged }] of moves.entries()) {
    const path = `${project}/${file}`;
    makeFolder(`${project}/${folderOf(file)}`);
    rename(staged, path);
    store.copies.learn(path, digest, fingerprints[index], known);
    changed.add(folderOf(file));
    for (const folder of foldersOf(file)) if (made.has(folder)) changed.add(folderOf(folder));
  }
  for (const folder of changed) {
    const path = `${project}/${folder}`;
    if (linkStatIfPresent(path)) await store.files.syncFolder(path);
  }
}
