/**
 * A disk in memory that stops at a chosen operation and then loses what was not synced.
 *
 * A file's content survives from its last sync; a name survives from the last sync of its folder.
 */
import type { FileOperations, FileStat } from "../../src/disk/operations.ts";
import type { OutputFile } from "../../src/disk/write.ts";

export class PowerFailure extends Error {}

/** What else a real disk may do: keep all names at once although no folder was synced. */
export type Loss = "everything unsynced" | "unsynced contents alone";

/** A file. */
class Inode {
  content: Uint8Array<ArrayBuffer> = new Uint8Array();
  synced: Uint8Array<ArrayBuffer> = new Uint8Array();
}

class Folder {
  names = new Map<string, Inode | Folder>();
  /** The names that its last sync saw. */
  synced = new Map<string, Inode | Folder>();
}

export class CrashingDisk implements FileOperations {
  operations = 0;
  /** Of the operation to fail at; nothing works from then on. */
  failAt = Infinity;
  readonly #root = new Folder();
  #dead = false;

  #step(): void {
    if (this.#dead || ++this.operations >= this.failAt) {
      this.#dead = true;
      throw new PowerFailure();
    }
  }

  #find(path: string): Inode | Folder | undefined {
    let at: Inode | Folder | undefined = this.#root;
    for (const part of path.split("/").slice(1)) {
      if (!(at instanceof Folder)) return undefined;
      at = at.names.get(part);
    }
    return at;
  }

  /** The folder that a path lies in, and its name there. */
  #placeOf(path: string): { folder: Folder; name: string } {
    const slash = path.lastIndexOf("/");
    const folder = this.#find(path.slice(0, slash));
    if (!(folder instanceof Folder)) throw new Deno.errors.NotFound(path);
    return { folder, name: path.slice(slash + 1) };
  }

  /** Power comes back. */
  restart(loss: Loss): void {
    const revive = (node: Inode | Folder): void => {
      if (node instanceof Inode) {
        node.content = node.synced;
        return;
      }
      if (loss === "everything unsynced") node.names = new Map(node.synced);
      else node.synced = new Map(node.names);
      node.names.forEach(revive);
    };
    revive(this.#root);
    this.#dead = false;
    this.failAt = Infinity;
  }

  makeFolder(path: string): void {
    let at = this.#root;
    for (const part of path.split("/").slice(1)) {
      let next = at.names.get(part);
      if (next === undefined) {
        this.#step();
        at.names.set(part, next = new Folder());
      }
      if (!(next instanceof Folder)) throw new Deno.errors.NotADirectory(path);
      at = next;
    }
  }

  create(path: string): OutputFile {
    this.#step();
    const { folder, name } = this.#placeOf(path);
    if (folder.names.has(name)) throw new Deno.errors.AlreadyExists(path);
    const inode = new Inode();
    folder.names.set(name, inode);
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
    const { folder, name } = this.#placeOf(path);
    const known = folder.names.get(name);
    const inode = known instanceof Inode ? known : new Inode();
    inode.content = new Uint8Array([...inode.content, ...new TextEncoder().encode(text)]);
    folder.names.set(name, inode);
  }

  rename(from: string, to: string): void {
    this.link(from, to);
    const { folder, name } = this.#placeOf(from);
    folder.names.delete(name);
  }

  link(from: string, to: string): void {
    this.#step();
    const node = this.#find(from);
    if (node === undefined) throw new Deno.errors.NotFound(from);
    const { folder, name } = this.#placeOf(to);
    folder.names.set(name, node);
  }

  syncFolder(path: string): Promise<void> {
    this.#step();
    const folder = this.#find(path);
    if (folder instanceof Folder) folder.synced = new Map(folder.names);
    return Promise.resolve();
  }

  remove(path: string): void {
    this.#step();
    const { folder, name } = this.#placeOf(path);
    folder.names.delete(name);
  }

  removeTree(path: string): void {
    this.remove(path);
  }

  read(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return Promise.resolve(this.readSync(path));
  }

  readSync(path: string): Uint8Array<ArrayBuffer> | undefined {
    const node = this.#find(path);
    return node instanceof Inode ? node.content : undefined;
  }

  size(path: string): number | undefined {
    return this.readSync(path)?.length;
  }

  stat(path: string): FileStat | undefined {
    const node = this.#find(path);
    if (!node) return undefined;
    return node instanceof Inode
      ? { kind: "file", size: node.content.length, changed: 0 }
      : { kind: "folder", size: 0, changed: 0 };
  }

  touch(): void {}

  list(path: string): string[] {
    const folder = this.#find(path);
    return folder instanceof Folder ? [...folder.names.keys()] : [];
  }
}
