/**
 * What Gyrus has published, and so may replace or remove: one entry a path of a workflow's
 * `[publish]`, at `published/<project>/<workflow and path>.json` in the store, both as digests.
 *
 * An entry names new content before it is in its place and forgets old content after it has gone, so
 * that a kill at any instant leaves files that the entry knows. A file whose content is not in an
 * entry is somebody else's.
 */
import { DataError } from "../../errors.ts";
import type { Workflow } from "../../workflow/graph.ts";
import { basename, resolve } from "../../workflow/paths.ts";
import type { Digest } from "../../workflow/step.ts";
import { digestOf, hexOf } from "../store/digest.ts";
import { takeLease } from "../store/lease.ts";
import type { Store } from "../store/store.ts";
import { decodeEntry, encodeEntry, type LedgerEntry } from "./ledger_entry.ts";

const LOCK_WAIT_MS = 60_000;
const LOCK_RETRY_MS = 100;

/** The entries of one project in one store. */
export class Ledger {
  readonly #name: string;

  /** @param folder of the project */
  constructor(readonly store: Store, readonly folder: string) {
    this.#name = projectName(store.root, folder);
  }

  get #path(): string {
    return `${ledgersPath(this.store.root)}/${this.#name}`;
  }

  #pathOf({ workflow, path }: Pick<LedgerEntry, "workflow" | "path">): string {
    return `${this.#path}/${nameOf(`${workflow}\n${path}`)}.json`;
  }

  /** Undefined when the workflow has published nothing to the path. */
  read(workflow: string, path: string): LedgerEntry | undefined {
    const bytes = this.store.files.readSync(this.#pathOf({ workflow, path }));
    const entry = bytes && decodeEntry(bytes);
    return entry?.path === path && entry.workflow === workflow ? entry : undefined;
  }

  /** Sorted by path. */
  entries(): LedgerEntry[] {
    return readEntries(this.store, this.#path)
      .sort((a, b) => a.path < b.path ? -1 : 1);
  }

  /** Returns when the entry would survive a power failure; a read-only store keeps none. */
  async write(entry: LedgerEntry): Promise<void> {
    if (!this.store.writable) return;
    this.store.files.makeFolder(this.#path);
    await this.store.replaceFile(this.#pathOf(entry), encodeEntry(entry), true);
    await this.store.files.syncFolder(this.#path);
  }

  remove(entry: LedgerEntry): void {
    if (this.store.writable) this.store.files.remove(this.#pathOf(entry));
  }

  /** @throws {DataError} when another run holds the lock for a minute */
  async lock(): Promise<Disposable | undefined> {
    if (!this.store.writable) return undefined;
    const until = Date.now() + LOCK_WAIT_MS;
    for (;;) {
      const lease = takeLease(`${this.store.root}/leases`, digestOf(`publish ${this.#name}`));
      if (lease) return lease;
      if (Date.now() > until) {
        throw new DataError(
          this.store.root,
          "another run has been publishing for a minute; try again",
        );
      }
      await new Promise((resolve) => setTimeout(resolve, LOCK_RETRY_MS));
    }
  }
}

/** Content that the publications of a workflow have, by absolute path: no input of its steps. */
export function publishedFiles(
  store: Store,
  { file, folder }: Pick<Workflow, "file" | "folder">,
): Map<string, readonly Digest[]> {
  const own = new Ledger(store, folder).entries().filter(({ workflow }) =>
    workflow === basename(file)
  );
  return new Map(
    own.flatMap(({ files, left }) =>
      [...files, ...left].map(([path, known]) => [`${folder}/${path}`, known])
    ),
  );
}

/** The entries of every project in a store. */
export function allEntries(store: Pick<Store, "root" | "files">): LedgerEntry[] {
  const root = ledgersPath(store.root);
  return store.files.list(root).flatMap((name) => readEntries(store, `${root}/${name}`));
}

function ledgersPath(root: string): string {
  return `${root}/published`;
}

/** A store inside the project may move with it; a store elsewhere identifies it by its path. */
function projectName(root: string, folder: string): string {
  return nameOf(root.startsWith(`${folder}/`) ? root.slice(folder.length) : resolve(folder));
}

function nameOf(text: string): string {
  return hexOf(digestOf(text)).slice(0, 32);
}

function readEntries({ files }: Pick<Store, "files">, folder: string): LedgerEntry[] {
  return files.list(folder).filter((name) => name.endsWith(".json")).flatMap((name) => {
    const bytes = files.readSync(`${folder}/${name}`);
    return bytes ? decodeEntry(bytes) ?? [] : [];
  });
}
