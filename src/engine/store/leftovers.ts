/** What interrupted processes leave in a store, and what does not belong in it. */
import type { Listing, StoredFile } from "./listing.ts";
import type { Store } from "./store.ts";

export interface Leftover extends StoredFile {
  what: "temporary" | "lease" | "corrupt" | "link" | "folder";
  reason: string;
}

const DAY = 86_400_000;

/**
 * All of it that may go by its age.
 *
 * @param listing of the rest of the store: its links are listed too
 * @param isOld whether a file that changed then is none that a run may be about to use
 */
export function listLeftovers(
  store: Store,
  listing: Listing,
  isOld: (changed: number) => boolean,
): Leftover[] {
  const { root } = store;
  const within = (folder: string) => listing.filesIn(`${root}/${folder}`);
  const killed = "left by a run that was killed";
  const found: Leftover[] = [];
  const add = (files: readonly StoredFile[], what: Leftover["what"], reason: string) => {
    for (const file of files) if (isOld(file.changed)) found.push({ ...file, what, reason });
  };
  add(within("tmp"), "temporary", killed);
  add(within("leases"), "lease", killed);
  const memos = [...within("memo"), ...within("copies")];
  add(memos.filter(({ name }) => !/^[0-9a-f]{2}\.jsonl$/.test(name)), "temporary", killed);
  const ofRuns = listing.foldersIn(`${root}/runs`).flatMap(({ path }) => listing.filesIn(path));
  add(ofRuns.filter(({ name }) => isStaged(name)), "temporary", killed);
  const aside = within("quarantine").map((file) => ({ ...file, changed: setAside(file) + DAY }));
  add(aside, "corrupt", "was set aside more than a day ago");
  // The cache itself may be a link.
  const former = listing.foldersIn(`${root}/.`).filter(({ name }) => name === "readings");
  add(former, "folder", "of an earlier version of Gyrus");
  ["kinds", "snapshots", "published"].forEach(within);
  add(listing.links, "link", "a symbolic link; what it leads to stays");
  return found;
}

/** Whether a file is a report that was being written. */
function isStaged(name: string): boolean {
  return name.startsWith(".gyrus-") || name.startsWith("report.html.");
}

/** When a file came into quarantine; milliseconds since 1970. Its own time is that of its writing. */
function setAside({ name, changed }: StoredFile): number {
  return Number(name.match(/\.(\d+)$/)?.[1] ?? changed);
}
