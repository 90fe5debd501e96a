/** Which workflow has published a file, as the ledgers know it. */
import { dirname } from "../../workflow/paths.ts";
import type { Digest } from "../../workflow/step.ts";
import type { Store } from "../store/store.ts";
import { allEntries } from "./ledger.ts";
import { knownContent, type LedgerEntry } from "./ledger_entry.ts";

/** Where a workflow keeps its store unless it is given another. */
const DEFAULT_STORE = ".gyrus";

/**
 * The entry of another publication that a file belongs to; undefined when no ledger knows its
 * content. Looks into the store, and into the stores next to workflows in the folders above.
 *
 * @param path absolute
 * @param own an entry that doesn't count
 */
export function findOwner(
  store: Pick<Store, "root" | "files">,
  path: string,
  digest: Digest,
  own: Pick<LedgerEntry, "project" | "workflow" | "path">,
): LedgerEntry | undefined {
  const roots = new Set([store.root]);
  for (let folder = dirname(path);; folder = dirname(folder)) {
    roots.add(`${folder}/${DEFAULT_STORE}`);
    if (folder === dirname(folder)) break;
  }
  for (const root of roots) {
    for (const entry of allEntries({ root, files: store.files })) {
      const isOwn = entry.project === own.project && entry.workflow === own.workflow &&
        entry.path === own.path;
      if (isOwn || !path.startsWith(`${entry.project}/`)) continue;
      const file = path.slice(entry.project.length + 1);
      if (knownContent(entry, file)?.includes(digest)) return entry;
    }
  }
  return undefined;
}
