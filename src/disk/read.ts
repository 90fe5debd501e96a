/** Files that are read, and what is known of them. Errors are `DataError`s that name the file. */
import { DataError } from "../errors.ts";
import { ifPresent, readError } from "./errors.ts";

/**
 * A device or a named pipe may have no end, or nothing to read for ever.
 *
 * @throws {DataError} when the path is there and neither a file nor a folder, links followed
 */
export function checkRegular(path: string): void {
  const stat = statIfPresent(path);
  if (stat && !stat.isFile && !stat.isDirectory) {
    throw new DataError(path, "it is no regular file; name a file");
  }
}

/** @throws {DataError} when it is missing or can't be read */
export async function readFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  checkRegular(path);
  try {
    return await Deno.readFile(path);
  } catch (cause) {
    throw readError(path, cause);
  }
}

/** As {@link readFile}, of UTF-8. */
export async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await readFile(path));
}

/**
 * Undefined when it is absent.
 *
 * @throws {DataError} when it can't be read, also when it is a link that leads nowhere
 */
export function readIfPresent(path: string): Uint8Array<ArrayBuffer> | undefined {
  return exists(path) ? readFileSync(path) : undefined;
}

function readFileSync(path: string): Uint8Array<ArrayBuffer> {
  checkRegular(path);
  try {
    return Deno.readFileSync(path);
  } catch (cause) {
    throw readError(path, cause);
  }
}

/**
 * Whether a file, a folder or a link is there: a link that leads nowhere is, so that reading it fails
 * with its reason instead of passing for a file that nobody has.
 *
 * @throws {DataError} when the disk refuses
 */
export function exists(path: string): boolean {
  return linkStatIfPresent(path) !== undefined;
}

/** Undefined when it is absent. @throws {DataError} when it can't be read */
export function readTextIfPresent(path: string): string | undefined {
  const bytes = readIfPresent(path);
  return bytes && new TextDecoder().decode(bytes);
}

/** At most the first `length` bytes. @throws {DataError} when it is missing or can't be read */
export function readStart(path: string, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  checkRegular(path);
  try {
    using file = Deno.openSync(path);
    while (filled < length) {
      const count = file.readSync(bytes.subarray(filled));
      if (count === null) break;
      filled += count;
    }
  } catch (cause) {
    throw readError(path, cause);
  }
  return bytes.subarray(0, filled);
}

/** A file that is read piece by piece. */
export interface InputFile {
  /** Bytes read into the buffer; null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  close(): void;
}

/** @throws {DataError} when it is missing or can't be read */
export async function openInput(path: string): Promise<InputFile> {
  checkRegular(path);
  try {
    const file = await Deno.open(path, { read: true });
    return {
      read: (buffer) =>
        file.read(buffer).catch((cause) => {
          throw readError(path, cause);
        }),
      close: () => file.close(),
    };
  } catch (cause) {
    throw readError(path, cause);
  }
}

/** Of a file or folder, or of what a link leads to. @throws {DataError} when there is none */
export function statOf(path: string): Deno.FileInfo {
  try {
    return Deno.statSync(path);
  } catch (cause) {
    throw readError(path, cause);
  }
}

/** As {@link statOf}; undefined when there is none. @throws {DataError} when the disk refuses */
export function statIfPresent(path: string): Deno.FileInfo | undefined {
  return ifPresent(path, () => Deno.statSync(path));
}

/** Of a file, a folder or a link itself; undefined when absent. @throws {DataError} when the disk refuses */
export function linkStatIfPresent(path: string): Deno.FileInfo | undefined {
  return ifPresent(path, () => Deno.lstatSync(path));
}

/** The path without links. @throws {DataError} when it leads nowhere */
export function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch (cause) {
    throw readError(path, cause);
  }
}

/** A file that is read at any position. */
export interface RandomAccessFile {
  /** Bytes. */
  size: number;
  /** At most `length` bytes from a position; fewer at the end. */
  readAt(position: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): void;
}

/** @throws {DataError} when it is missing or can't be read */
export async function openRandomAccess(path: string): Promise<RandomAccessFile> {
  checkRegular(path);
  try {
    const file = await Deno.open(path, { read: true });
    const { size } = await file.stat();
    return {
      size,
      async readAt(position, length) {
        // A format may state any length.
        const bytes = new Uint8Array(Math.max(0, Math.min(length, size - position)));
        let filled = 0;
        try {
          await file.seek(position, Deno.SeekMode.Start);
          while (filled < bytes.length) {
            const count = await file.read(bytes.subarray(filled));
            if (count === null) break;
            filled += count;
          }
        } catch (cause) {
          throw readError(path, cause);
        }
        return bytes.subarray(0, filled);
      },
      close: () => file.close(),
    };
  } catch (cause) {
    throw readError(path, cause);
  }
}
