/**
 * A disk in memory that stops at a chosen operation and then loses what was not synced.
 *
 * A file's content survives from its last sync; a name survives from the last sync of its folder.
 */
import type { FileOperations, OutputFile } from "../../src/engine/files.ts";

export class PowerFailure extends Error {}

/** What else a real disk may do: keep all names at once although no folder was synced. */
export type Loss = "everything unsynced" | "unsynced contents alone";

interface Inode {
  content: Uint8Array<ArrayBuffer>;
  synced: Uint8Array<ArrayBuffer>;
}

export class CrashingDisk implements FileOperations {
  operations = 0;
  /** Of the operation to fail at; nothing works from then on. */
  failAt = Infinity;
  #names = new Map<string, Inode | "folder">();
  #durable = new Map<string, Inode | "folder">();
  #dead = false;

  #step(): void {
    if (this.#dead || ++this.operations >= this.failAt) {
      this.#dead = true;
      throw new PowerFailure();
    }
  }

  /** Power comes back. */
  restart(loss: Loss): void {
    const names = loss === "everything unsynced" ? this.#durable : this.#names;
    const kept = new Map<string, Inode | "folder">();
    for (const [path, inode] of [...names].sort(([a], [b]) => a < b ? -1 : 1)) {
      const parent = folderOf(path);
      if (parent !== "" && !kept.has(parent)) continue;
      kept.set(
        path,
        inode === "folder" ? inode : { content: inode.synced, synced: inode.synced },
      );
    }
    this.#names = kept;
    this.#durable = new Map(kept);
    this.#dead = false;
    this.failAt = Infinity;
  }

  makeFolder(path: string): void {
    for (let end = path.indexOf("/", 1); end !== -1; end = path.indexOf("/", end + 1)) {
      this.#makeOne(path.slice(0, end));
    }
    this.#makeOne(path);
  }

  #makeOne(path: string): void {
    if (this.#names.has(path)) return;
    this.#step();
    this.#names.set(path, "folder");
  }

  create(path: string): OutputFile {
    this.#step();
    if (this.#names.has(path)) throw new Deno.errors.AlreadyExists(path);
    if (this.#names.get(folderOf(path)) !== "folder") throw new Deno.errors.NotFound(path);
    const inode: Inode = { content: new Uint8Array(), synced: new Uint8Array() };
    this.#names.set(path, inode);
    return {
      write: (bytes) => {
        this.#step();
        inode.content = new Uint8Array([...inode.content, ...bytes]);
        return Promise.resolve();
      },
      sync: () => {
        this.#step();
        inode.synced = inode.content;
        return Promise.resolve();
      },
      close: () => {},
    };
  }

  append(path: string, text: string): void {
    this.#step();
    const known = this.#names.get(path);
    const inode = known === undefined || known === "folder"
      ? { content: new Uint8Array(), synced: new Uint8Array() }
      : known;
    inode.content = new Uint8Array([...inode.content, ...new TextEncoder().encode(text)]);
    this.#names.set(path, inode);
  }

  rename(from: string, to: string): void {
    this.#step();
    const inode = this.#names.get(from);
    if (inode === undefined) throw new Deno.errors.NotFound(from);
    this.#names.delete(from);
    this.#names.set(to, inode);
  }

  link(from: string, to: string): void {
    this.#step();
    const inode = this.#names.get(from);
    if (inode === undefined) throw new Deno.errors.NotFound(from);
    this.#names.set(to, inode);
  }

  syncFolder(path: string): Promise<void> {
    this.#step();
    for (const name of this.#durable.keys()) {
      if (folderOf(name) === path && !this.#names.has(name)) this.#durable.delete(name);
    }
    for (const [name, inode] of this.#names) {
      if (folderOf(name) === path) this.#durable.set(name, inode);
    }
    return Promise.resolve();
  }

  remove(path: string): void {
    this.#step();
    this.#names.delete(path);
  }

  read(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return Promise.resolve(this.readSync(path));
  }

  readSync(path: string): Uint8Array<ArrayBuffer> | undefined {
    const inode = this.#names.get(path);
    return inode === undefined || inode === "folder" ? undefined : inode.content;
  }

  size(path: string): number | undefined {
    return this.readSync(path)?.length;
  }

  changed(path: string): number | undefined {
    return this.#names.has(path) ? 0 : undefined;
  }

  touch(): void {}

  list(path: string): string[] {
    return [...this.#names.keys()].filter((name) => folderOf(name) === path)
      .map((name) => name.slice(path.length + 1));
  }
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
