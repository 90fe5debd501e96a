/**
 * Writing so that a kill or a power failure at any instant leaves the old file or the new one, and
 * perhaps a file in tmp: content is synced, then renamed to its place, and its name is synced before
 * a call of `sync` returns.
 */
import type { FileOperations } from "../../disk/operations.ts";

/** Folders whose files are spread over one folder for each two first hex digits. */
const SPREAD = ["objects", "records"];
const PREFIXES = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

/** Bytes, or pieces of them that come one after another. */
export type Content = Uint8Array | AsyncIterable<Uint8Array>;

export class DurableWriter {
  /** Folders whose names are not yet sure to survive a power failure. */
  readonly #unsynced = new Set<string>();
  /** The last call of {@link sync}. */
  #syncing: Promise<unknown> = Promise.resolve();
  /** Folders that this process has made or found. */
  readonly #made = new Set<string>();

  /** @param isNew whether the root's own name is new too */
  constructor(readonly root: string, readonly files: FileOperations, isNew: boolean) {
    if (isNew) this.#unsynced.add(folderOf(root));
  }

  /** Writes a file in its place; its name is durable after {@link sync}. */
  async publish(path: string, bytes: Content): Promise<void> {
    const folder = folderOf(path);
    if (this.#made.size === 0) this.#makeSpread();
    if (!this.#made.has(folder)) this.#make(folder);
    await this.replace(path, bytes, true);
    this.#unsynced.add(folder);
  }

  /**
   * Replaces a file, whose folder exists; what the iteration over pieces throws leaves it as it was.
   * @param durable whether its content must survive a power failure
   */
  async replace(path: string, bytes: Content, durable: boolean): Promise<void> {
    const temporary = `${this.root}/tmp/${crypto.randomUUID()}`;
    try {
      const file = this.files.create(temporary);
      try {
        if (bytes instanceof Uint8Array) await file.write(bytes);
        else for await (const piece of bytes) await file.write(piece);
        if (durable) await file.sync();
      } finally {
        file.close();
      }
      this.files.rename(temporary, path);
    } catch (cause) {
      this.#tidy(temporary);
      throw cause;
    }
  }

  /** Someone else has published the file: its name is durable after the next {@link sync}. */
  adopt(path: string): void {
    this.#unsynced.add(folderOf(path));
  }

  /** Returns when every name that was published so far would survive a power failure. */
  async sync(): Promise<void> {
    const folders = [...this.#unsynced];
    this.#unsynced.clear();
    // Names that another call has taken on are not sure before that call is done.
    const done = Promise.all([
      this.#syncing,
      ...folders.map((folder) => this.files.syncFolder(folder)),
    ]);
    this.#syncing = done;
    try {
      await done;
    } catch (cause) {
      for (const folder of folders) this.#unsynced.add(folder);
      if (this.#syncing === done) this.#syncing = Promise.resolve();
      throw cause;
    }
  }

  #tidy(temporary: string): void {
    try {
      this.files.remove(temporary);
    } catch {
      // The first problem is the one to report; the garbage collector removes what is left in tmp.
    }
  }

  /** All folders by prefix at once: to sync each one's name as it is first needed costs far more. */
  #makeSpread(): void {
    for (const spread of SPREAD) {
      const folder = `${this.root}/${spread}`;
      const there = new Set(this.files.list(folder));
      for (const prefix of PREFIXES) {
        if (!there.has(prefix)) this.files.makeFolder(`${folder}/${prefix}`);
        this.#made.add(`${folder}/${prefix}`);
      }
      this.#markUnsynced(folder);
    }
  }

  #make(folder: string): void {
    this.files.makeFolder(folder);
    this.#made.add(folder);
    this.#markUnsynced(folderOf(folder));
  }

  /** Syncs names that exist too: the process that made them may have been killed before it did. */
  #markUnsynced(folder: string): void {
    this.#unsynced.add(folder);
    if (folder !== this.root) this.#markUnsynced(folderOf(folder));
  }
}

export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
