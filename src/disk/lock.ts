/**
 * Locks of the operating system on files: none survives its process. Some disks have none (NFS
 * without a lock daemon, Lustre mounted without `flock`): a lock is then taken without effect.
 */
import { isAbsent } from "./errors.ts";

export class FileLock {
  private constructor(readonly path: string, readonly file: Deno.FsFile | undefined) {}

  /** Undefined when another holds it. */
  static tryTake(path: string): FileLock | undefined {
    // A holder removes its file while it holds the lock; a lock on the removed file is void.
    for (let attempt = 0; attempt < 8; attempt++) {
      let file: Deno.FsFile;
      try {
        file = Deno.openSync(path, { create: true, write: true });
      } catch {
        return new FileLock(path, undefined);
      }
      try {
        if (!file.tryLockSync(true)) {
          file.close();
          return undefined;
        }
      } catch {
        return new FileLock(path, file);
      }
      if (isAt(path, file)) return new FileLock(path, file);
      file.close();
    }
    return undefined;
  }

  /** Whether a process holds the lock; "unknown" on a disk without locks. */
  static state(path: string): "free" | "held" | "unknown" {
    let file: Deno.FsFile;
    try {
      file = Deno.openSync(path, { read: true });
    } catch (cause) {
      return isAbsent(cause) ? "free" : "unknown";
    }
    try {
      // A shared lock, which needs no permission to write.
      return file.tryLockSync(false) ? "free" : "held";
    } catch {
      return "unknown";
    } finally {
      file.close();
    }
  }

  release(): void {
    if (!this.file) return;
    try {
      Deno.removeSync(this.path);
    } catch {
      // Removed by someone else: the lock goes with the handle.
    }
    this.file.close();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/** Whether the open file is the one that now has the path. */
function isAt(path: string, file: Deno.FsFile): boolean {
  try {
    return Deno.statSync(path).ino === file.statSync().ino;
  } catch (cause) {
    return !isAbsent(cause);
  }
}
