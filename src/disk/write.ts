/** Files that are written. A kill at any instant leaves the old file or the new one. */
import { diskError, errorCode, guard, guardAsync, ifPresent } from "./errors.ts";

/** A new file that is written piece by piece. */
export interface OutputFile {
  write(bytes: Uint8Array): Promise<void>;
  /** Returns when the content would survive a power failure. */
  sync(): Promise<void>;
  close(): void;
}

/** A write above this goes through the thread pool, so that the main thread stays responsive. */
const LARGE = 1 << 20;

/**
 * A file that must not exist yet.
 *
 * @param mode of the file once closed: this handle may write to a read-only file
 * @throws {DataError} when the disk refuses
 */
export function createFile(path: string, mode = 0o666): OutputFile {
  const file = guard(path, () => Deno.openSync(path, { createNew: true, write: true, mode }));
  return {
    write: (bytes) =>
      guardAsync(path, async () => {
        for (let at = 0; at < bytes.length;) {
          const rest = at === 0 ? bytes : bytes.subarray(at);
          at += rest.length > LARGE ? await file.write(rest) : file.writeSync(rest);
        }
      }),
    sync: () => guardAsync(path, () => file.sync()),
    close: () => file.close(),
  };
}

/** Where a file is written before it is renamed to its place, in the same folder. */
export function stagingPath(path: string): string {
  // No longer than a name of its own: the file's may be as long as the disk allows.
  return `${path.slice(0, path.lastIndexOf("/") + 1)}.gyrus-${crypto.randomUUID()}`;
}

/**
 * Writes a file, or replaces it.
 *
 * @param durable whether its content must survive a power failure
 * @throws {DataError} when the disk refuses; what was there then stays
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  durable: boolean,
): Promise<void> {
  const staged = stagingPath(path);
  try {
    await writeStaged(staged, content, durable);
    rename(staged, path);
  } catch (cause) {
    tidy(staged);
    throw cause;
  }
}

/** As {@link replaceFile}, durably; returns false, and writes nothing, where the file exists. */
export async function writeNewFile(path: string, content: string | Uint8Array): Promise<boolean> {
  const staged = stagingPath(path);
  try {
    await writeStaged(staged, content, true);
    Deno.linkSync(staged, path);
  } catch (cause) {
    const code = errorCode(cause) ?? "";
    if (code === "EEXIST") return false;
    if (!WITHOUT_LINKS.includes(code)) throw diskError(path, cause);
    if (ifPresent(path, () => Deno.lstatSync(path))) return false;
    rename(staged, path);
  } finally {
    tidy(staged);
  }
  return true;
}

async function writeStaged(
  path: string,
  content: string | Uint8Array,
  durable: boolean,
): Promise<void> {
  const file = createFile(path);
  try {
    await file.write(typeof content === "string" ? new TextEncoder().encode(content) : content);
    if (durable) await file.sync();
  } finally {
    file.close();
  }
}

/** Removes a file whose writing failed or is done: its own problem is not the one to report. */
function tidy(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Renamed, never made, or on a disk that refuses everything.
  }
}

/** Adds to a file in one write, and creates it when absent. @throws {DataError} when the disk refuses */
export function append(path: string, text: string): void {
  guard(path, () => Deno.writeTextFileSync(path, text, { append: true }));
}

/** @throws {DataError} when the disk refuses, about the new path */
export function rename(from: string, to: string): void {
  guard(to, () => Deno.renameSync(from, to));
}

/** Refusals of disks that give a file no second name, and of two paths on two disks. */
const WITHOUT_LINKS = ["EPERM", "EACCES", "EXDEV", "EMLINK", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"];

/**
 * A second name for a file; a copy where the disk knows no such thing.
 *
 * @throws {DataError} when the disk refuses both
 */
export function link(from: string, to: string): void {
  try {
    Deno.linkSync(from, to);
  } catch {
    guard(to, () => Deno.copyFileSync(from, to));
  }
}

/** No problem if it is absent. @throws {DataError} when the disk refuses */
export function remove(path: string): void {
  ifPresent(path, () => Deno.removeSync(path));
}

/** Refusals of disks that have no access modes. */
const WITHOUT_MODES = ["EPERM", "EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"];

/**
 * Copies a file to a place that the user may edit, and syncs it.
 *
 * @throws {DataError} when the disk refuses
 */
export async function copyFile(from: string, to: string): Promise<void> {
  await guardAsync(to, async () => {
    await Deno.copyFile(from, to);
    try {
      Deno.chmodSync(to, 0o644);
    } catch (cause) {
      if (!WITHOUT_MODES.includes(errorCode(cause) ?? "")) throw cause;
    }
    using file = Deno.openSync(to, { write: true });
    await file.sync();
  });
}
