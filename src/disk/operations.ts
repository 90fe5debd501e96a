/**
 * The file operations that the store is made of.
 *
 * They are an interface so that a test can replace the disk, stop at any operation and drop what was
 * not synced. Small operations are synchronous: a promise each would cost more than
 * the system call. All throw `DataError`s that name the path.
 */
import { diskError, errorCode, ifPresent, isAbsent } from "./errors.ts";
import { makeFolder, removeTree, syncFolder } from "./folders.ts";
import { checkRegular, linkStatIfPresent } from "./read.ts";
import { append, createFile, link, type OutputFile, remove, rename } from "./write.ts";

/** Of a file, a folder or a symbolic link itself; a device or a named pipe is "other". */
export interface FileStat {
  kind: "file" | "folder" | "link" | "other";
  /** Bytes. */
  size: number;
  /** Last change, in milliseconds since 1970. */
  changed: number;
}

export interface FileOperations {
  /** With its parents; no problem if it exists. */
  makeFolder(path: string): void;
  /** A new file that is read-only to everyone once closed. */
  create(path: string): OutputFile;
  /** Adds to a file in one write, and creates it when absent. */
  append(path: string, text: string): void;
  rename(from: string, to: string): void;
  /** A second name for a file; a copy where the disk knows no such thing. */
  link(from: string, to: string): void;
  /** Returns when the names in the folder would survive a power failure. */
  syncFolder(path: string): Promise<void>;
  /** A file, a link or an empty folder; no problem if it is absent. */
  remove(path: string): void;
  /** With all that is in it; a symbolic link is removed, never followed. */
  removeTree(path: string): void;
  /** @param size bytes, where they are known: a large file is then read in half the time */
  read(path: string, size?: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** @param stat of the path, where that was just taken: a file need not be looked at again */
  readSync(path: string, stat?: FileStat): Uint8Array<ArrayBuffer> | undefined;
  /** Size in bytes of a file; undefined when absent. */
  size(path: string): number | undefined;
  /** Undefined when absent. */
  stat(path: string): FileStat | undefined;
  /** Sets the time of a file to now, so that the garbage collector keeps it. */
  touch(path: string): void;
  /** Names in a folder; empty when absent. */
  list(path: string): string[];
}

/** Above this a read goes into memory of its size. */
const LARGE = 1 << 20;

/** The real disk. */
export const diskFiles: FileOperations = {
  makeFolder,
  create: (path) => createFile(path, 0o444),
  append,
  rename,
  link,
  syncFolder,
  remove,
  removeTree,
  async read(path, size = 0) {
    checkRegular(path);
    try {
      return size > LARGE ? await readLarge(path, size) : await Deno.readFile(path);
    } catch (cause) {
      if (isAbsent(cause)) return undefined;
      throw diskError(path, cause);
    }
  },
  readSync(path, stat) {
    if (stat?.kind !== "file") checkRegular(path);
    return ifPresent(path, () => Deno.readFileSync(path));
  },
  size: (path) => ifPresent(path, () => Deno.statSync(path))?.size,
  stat(path) {
    const stat = linkStatIfPresent(path);
    if (!stat) return undefined;
    const kind = stat.isSymlink
      ? "link"
      : stat.isDirectory
      ? "folder"
      : stat.isFile
      ? "file"
      : "other";
    return { kind, size: stat.size, changed: stat.mtime?.getTime() ?? 0 };
  },
  touch(path) {
    const now = new Date();
    try {
      Deno.utimeSync(path, now, now);
    } catch (cause) {
      // Another user's object in a shared store, or one that was just removed.
      if (!isAbsent(cause) && !["EACCES", "EPERM"].includes(errorCode(cause) ?? "")) {
        throw diskError(path, cause);
      }
    }
  },
  list: (path) =>
    ifPresent(path, () => Array.from(Deno.readDirSync(path), (entry) => entry.name)) ?? [],
};

/** Reads into memory of the given size; less when the file is shorter. */
async function readLarge(path: string, size: number): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  // A record may lie about the size.
  const bytes = new Uint8Array(Math.min(size, (await file.stat()).size));
  let filled = 0;
  while (filled < bytes.length) {
    const count = await file.read(bytes.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}
