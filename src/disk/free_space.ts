/** The space that is left on a disk. */
import { isAbsent } from "./errors.ts";

export interface FreeSpace {
  /** Distinguishes disks. */
  disk: number;
  bytes: number;
}

/** Of the disk of a folder, or of where it will be; undefined where it can't be asked. */
export async function freeSpace(path: string): Promise<FreeSpace | undefined> {
  // Deno has no such call, and node:fs takes 20 ms to load.
  const { statfsSync } = await import("node:fs");
  for (let folder = path; folder !== ""; folder = folder.slice(0, folder.lastIndexOf("/"))) {
    try {
      const { bavail, bsize } = statfsSync(folder);
      return { disk: Deno.statSync(folder).dev, bytes: bavail * bsize };
    } catch (cause) {
      if (!isAbsent(cause)) return undefined;
    }
  }
}
