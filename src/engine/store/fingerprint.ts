/** Facts about a file or folder that change when it is edited. */
import { statOf } from "../../disk/read.ts";
import { DataError } from "../../errors.ts";

export interface Fingerprint {
  size: number;
  /** Milliseconds since 1970. */
  modified: number;
  /** Likewise, in whole seconds. */
  changed: number;
  inode: string;
}

/** Milliseconds. Clocks of file systems tick as rarely as every two seconds (FAT)... */
export const COARSE_TICK = 2000;
/** ...or at each turn of the kernel's timer, at least a hundred times a second. */
const FINE_TICK = 50;

/** @throws {DataError} when there is no such file, or it can't be read */
export function takeFingerprint(path: string): Fingerprint {
  // Not node:fs, which costs 20 ms of start-up and cuts `ctime` to seconds too.
  const stat = statOf(path);
  if (!stat.isFile) throw new DataError(path, "is not a file");
  return fingerprintOf(stat);
}

export function fingerprintOf(stat: Deno.FileInfo): Fingerprint {
  return {
    size: stat.size,
    modified: stat.mtime?.getTime() ?? 0,
    changed: stat.ctime?.getTime() ?? 0,
    inode: `${stat.dev}:${stat.ino}`,
  };
}

export function isSame(a: Fingerprint, b: Fingerprint): boolean {
  return a.size === b.size && a.modified === b.modified && a.changed === b.changed &&
    a.inode === b.inode;
}

/**
 * Whether an edit after a time would have changed the fingerprint.
 *
 * @param time milliseconds since 1970
 */
export function showsEditsSince({ modified, changed }: Fingerprint, time: number): boolean {
  const last = Math.max(modified, changed);
  // A coarse clock has no fraction. A fine one shows in the seconds of `changed`.
  return modified % 1000 === 0
    ? last + COARSE_TICK < time
    : Math.floor(last / 1000) < Math.floor((time - FINE_TICK) / 1000);
}
