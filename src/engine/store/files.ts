/**
 * The file operations that the store is made of.
 *
 * They are an interface so that a test can replace the disk, stop at any operation and drop what was
 * not synced. Small operations are synchronous: a promise each would cost more than
 * the system call.
 */
import { DataError } from "../../errors.ts";

export interface OutputFile {
  write(bytes: Uint8Array): Promise<void>;
  /** Returns when the content would survive a power failure. */
  sync(): Promise<void>;
  close(): void;
}

/** Of a file or folder. */
export interface FileStat {
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
  /** No problem if it is absent. */
  remove(path: string): void;
  /** @param size bytes, where they are known: a large file is then read in half the time */
  read(path: string, size?: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  readSync(path: string): Uint8Array<ArrayBuffer> | undefined;
  /** Size in bytes of a file; undefined when absent. */
  size(path: string): number | undefined;
  /** Undefined when absent. */
  stat(path: string): FileStat | undefined;
  /** Sets the time of a file to now, so that the garbage collector keeps it. */
  touch(path: string): void;
  /** Names in a folder; empty when absent. */
  list(path: string): string[];
}

/**
 * Above this a read goes into memory of its size, and a write goes through the thread pool, so that
 * the main thread stays responsive.
 */
const LARGE = 1 << 20;

/** The real disk. */
export const diskFiles: FileOperations = {
  makeFolder(path) {
    guard(path, () => Deno.mkdirSync(path, { recursive: true }));
  },
  create(path) {
    // The mode counts from the next opening on; this handle may still write.
    const file = guard(
      path,
      () => Deno.openSync(path, { createNew: true, write: true, mode: 0o444 }),
    );
    return {
      async write(bytes) {
        try {
          for (let at = 0; at < bytes.length;) {
            const rest = at === 0 ? bytes : bytes.subarray(at);
            at += rest.length > LARGE ? await file.write(rest) : file.writeSync(rest);
          }
        } catch (cause) {
          throw explainDiskError(path, cause);
        }
      },
      async sync() {
        try {
          await file.sync();
        } catch (cause) {
          throw explainDiskError(path, cause);
        }
      },
      close: () => file.close(),
    };
  },
  append(path, text) {
    guard(path, () => Deno.writeTextFileSync(path, text, { append: true }));
  },
  rename(from, to) {
    guard(to, () => Deno.renameSync(from, to));
  },
  link(from, to) {
    try {
      Deno.linkSync(from, to);
    } catch {
      guard(to, () => Deno.copyFileSync(from, to));
    }
  },
  async syncFolder(path) {
    try {
      using folder = Deno.openSync(path, { read: true });
      await folder.sync();
    } catch (cause) {
      throw explainDiskError(path, cause);
    }
  },
  remove(path) {
    absentIsFine(() => Deno.removeSync(path));
  },
  async read(path, size = 0) {
    try {
      return size > LARGE ? await readLarge(path, size) : await Deno.readFile(path);
    } catch (cause) {
      if (cause instanceof Deno.errors.NotFound) return undefined;
      throw explainDiskError(path, cause);
    }
  },
  readSync(path) {
    return absentIsFine(() => guard(path, () => Deno.readFileSync(path)));
  },
  size(path) {
    return absentIsFine(() => Deno.statSync(path))?.size;
  },
  stat(path) {
    const stat = absentIsFine(() => Deno.statSync(path));
    return stat && { size: stat.size, changed: stat.mtime?.getTime() ?? 0 };
  },
  touch(path) {
    const now = new Date();
    try {
      Deno.utimeSync(path, now, now);
    } catch (cause) {
      // Another user's object in a shared store, or one that was just removed.
      if (
        !(cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.PermissionDenied)
      ) {
        throw cause;
      }
    }
  },
  list(path) {
    return absentIsFine(() => Array.from(Deno.readDirSync(path), (entry) => entry.name)) ?? [];
  },
};

/** Reads into memory of the given size; less when the file is shorter. */
async function readLarge(path: string, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  using file = await Deno.open(path);
  let filled = 0;
  while (filled < size) {
    const count = await file.read(bytes.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

function absentIsFine<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    if (cause instanceof Deno.errors.NotADirectory) return undefined;
    throw cause;
  }
}

function guard<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw explainDiskError(path, cause);
  }
}

/** In place of an error of the disk that a user can act on; any other error stays. */
function explainDiskError(path: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || cause instanceof Deno.errors.NotFound) return cause;
  const code = "code" in cause ? cause.code : undefined;
  if (code === "ENOSPC" || code === "EDQUOT" || /no space left|quota/i.test(cause.message)) {
    return new DataError(
      path,
      "no space left on this disk; free some, or run `gyrus cache gc`, then run again",
      { cause },
    );
  }
  if (code === "EROFS" || /read-only file system/i.test(cause.message)) {
    return new DataError(path, "this disk is read-only; choose another cache with --cache", {
      cause,
    });
  }
  if (cause instanceof Deno.errors.PermissionDenied) {
    return new DataError(path, "permission denied; check who owns it, or choose another --cache", {
      cause,
    });
  }
  if (code === "EIO") return new DataError(path, "the disk reports an I/O error", { cause });
  return cause;
}
