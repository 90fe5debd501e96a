/**
 * Leases: a hint that another run is computing a key already.
 *
 * A lease is a lock of the operating system on a file, so none survives its process. Correctness
 * never depends on one: where locks don't work, two runs compute the same thing and publish the same
 * bytes.
 */
import type { Digest } from "../../workflow/step.ts";
import { hexOf } from "./digest.ts";

export class Lease {
  private constructor(readonly path: string, readonly file: Deno.FsFile | undefined) {}

  /** Undefined when another holds it. */
  static tryTake(folder: string, key: Digest): Lease | undefined {
    const path = `${folder}/${hexOf(key)}`;
    // A holder removes its file while it holds the lock; a lock on the removed file is void.
    for (let attempt = 0; attempt < 8; attempt++) {
      let file: Deno.FsFile;
      try {
        file = Deno.openSync(path, { create: true, write: true });
      } catch {
        return new Lease(path, undefined);
      }
      try {
        if (!file.tryLockSync(true)) {
          file.close();
          return undefined;
        }
        if (Deno.statSync(path).ino === file.statSync().ino) return new Lease(path, file);
      } catch (cause) {
        // A file system without locks gives no hint.
        if (!(cause instanceof Deno.errors.NotFound)) return new Lease(path, file);
      }
      file.close();
    }
    return undefined;
  }

  release(): void {
    if (!this.file) return;
    try {
      Deno.removeSync(this.path);
    } catch {
      // Already gone: the lock goes with the handle.
    }
    this.file.close();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
