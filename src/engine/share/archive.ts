/** ZIP archives: written whole or not at all, read within limits by which no archive can do harm. */
import {
  configure,
  type Entry,
  type FileEntry,
  Reader,
  ZipReader,
  ZipWriter,
} from "@zip.js/zip.js";
import { exists, openRandomAccess, type RandomAccessFile } from "../../disk/read.ts";
import { createFile, remove, rename, stagingPath } from "../../disk/write.ts";
import { DataError } from "../../errors.ts";
import { findNestedPaths, nestedPathsProblem } from "../../workflow/nested_paths.ts";
import { artifactPathProblem } from "../store/manifest.ts";

configure({ useWebWorkers: false });

export interface ArchiveFile {
  /** Relative, with forward slashes. */
  path: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** Files that one archive may have. */
const MAX_FILES = 200_000;
/** So many times its own size an archive may unpack to, where that is more than MIN_UNPACKED bytes. */
const MAX_RATIO = 100;
const MIN_UNPACKED = 2 ** 26;
/** Largest file that is taken into memory. */
const MAX_IN_MEMORY = 2 ** 28;

/**
 * Writes an archive; nothing in it is compressed but texts. A kill leaves no file of that name.
 *
 * @param made the time of all files, so that equal contents give equal bytes
 * @throws {DataError} when the file exists, or the disk refuses
 */
export async function writeArchive(
  path: string,
  files: AsyncIterable<ArchiveFile>,
  made: Date,
): Promise<{ files: number; bytes: number }> {
  if (exists(path)) throw new DataError(path, "exists already; name another file");
  const staged = stagingPath(path);
  const file = createFile(staged);
  let bytes = 0;
  const sink = new WritableStream<Uint8Array>({
    async write(piece) {
      await file.write(piece);
      bytes += piece.length;
    },
  });
  let count = 0;
  try {
    try {
      const writer = new ZipWriter(sink, { lastModDate: made, extendedTimestamp: false });
      for await (const { path, bytes } of files) {
        const level = isText(path) ? 6 : 0;
        await writer.add(path, new Blob([bytes]).stream(), { level, useCompressionStream: false });
        count++;
      }
      await writer.close();
      await file.sync();
    } finally {
      file.close();
    }
    rename(staged, path);
  } catch (cause) {
    remove(staged);
    throw cause;
  }
  return { files: count, bytes };
}

function isText(path: string): boolean {
  return /\.(json|toml|tsv|txt|ts|js|html)$/.test(path);
}

/** An archive whose list of files is within all limits. */
export class Archive implements Disposable {
  private constructor(
    readonly path: string,
    readonly file: RandomAccessFile,
    readonly entries: ReadonlyMap<string, FileEntry>,
  ) {}

  /** @throws {DataError} when it is no archive, or one that could do harm */
  static async open(path: string): Promise<Archive> {
    const file = await openRandomAccess(path);
    try {
      const entries = new Map<string, FileEntry>();
      const options = { checkOverlappingEntry: true, strictness: "strict" } as const;
      const reader = new ZipReader(new FileReader(file), options);
      const names = new Set<string>();
      let unpacked = 0;
      for (const entry of await inWords(path, listEntries(reader))) {
        if (entry.directory) continue;
        checkEntry(path, entry, names);
        unpacked += entry.uncompressedSize;
        if (unpacked > Math.max(MIN_UNPACKED, MAX_RATIO * file.size)) {
          throw new DataError(path, `unpacks to more than ${MAX_RATIO} times its size`);
        }
        entries.set(entry.filename, entry);
      }
      const nested = findNestedPaths([...entries.keys()]);
      if (nested) throw new DataError(path, nestedPathsProblem(nested));
      return new Archive(path, file, entries);
    } catch (cause) {
      file.close();
      throw cause;
    }
  }

  /** @throws {DataError} when it has no such file, or one too large, or a damaged one */
  async read(path: string): Promise<Uint8Array<ArrayBuffer>> {
    const entry = this.entries.get(path);
    if (!entry) throw new DataError(this.path, `has no file ${path}`);
    if (entry.uncompressedSize > MAX_IN_MEMORY) {
      throw new DataError(
        this.path,
        `${path} is larger than the ${MAX_IN_MEMORY} bytes that are read`,
      );
    }
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for await (const piece of this.pieces(path)) pieces.push(piece);
    return new Uint8Array(await new Blob(pieces).arrayBuffer());
  }

  /** The content of a file that it has, of the size that it states. @throws {DataError} as {@link read} */
  async *pieces(path: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const entry = this.entries.get(path)!;
    const { readable, writable } = new TransformStream<
      Uint8Array<ArrayBuffer>,
      Uint8Array<ArrayBuffer>
    >();
    const stop = new AbortController();
    const options = { checkSignature: true, useCompressionStream: false, signal: stop.signal };
    const done = entry.getData(writable, options);
    // Its error ends the reading too.
    done.catch((cause) => writable.abort(cause).catch(() => {}));
    const reader = readable.getReader();
    let size = 0;
    try {
      for (;;) {
        const { value } = await inWords(this.path, reader.read());
        if (value === undefined) break;
        size += value.length;
        if (size > entry.uncompressedSize) break;
        yield value;
      }
      if (size === entry.uncompressedSize) await inWords(this.path, done);
      else {
        const stated = `the ${entry.uncompressedSize} bytes that are stated`;
        throw new DataError(this.path, `${path} has not ${stated}`);
      }
    } finally {
      stop.abort();
    }
  }

  [Symbol.dispose](): void {
    this.file.close();
  }
}

/** At most one more than an archive may have. */
async function listEntries(reader: ZipReader<RandomAccessFile>): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of reader.getEntriesGenerator()) {
    if (entries.push(entry) > MAX_FILES) break;
  }
  return entries;
}

/** What makes a file of an archive a danger. */
function checkEntry(
  archive: string,
  { filename, encrypted, unixMode, compressionMethod }: FileEntry,
  names: Set<string>,
): void {
  const fail = (problem: string) =>
    new DataError(archive, `its file ${JSON.stringify(filename.slice(0, 200))} ${problem}`);
  const problem = artifactPathProblem(filename);
  if (problem) throw fail(problem);
  if (/[\p{Cc}:]/u.test(filename)) throw fail("has a character that a path can't have");
  if (encrypted) throw fail("is encrypted");
  if (compressionMethod !== 0 && compressionMethod !== 8) {
    throw fail("is compressed in an unknown way");
  }
  const kind = (unixMode ?? 0) & 0o170000;
  if (kind !== 0 && kind !== 0o100000) throw fail("is a link or a device");
  // Disks of macOS and Windows hold both names for one.
  const name = filename.normalize("NFC").toLowerCase();
  if (names.has(name)) throw fail("is there twice");
  names.add(name);
  if (names.size > MAX_FILES) {
    throw new DataError(archive, `has more than the ${MAX_FILES} files that are read`);
  }
}

/** Lets the package read a file that is open. */
class FileReader extends Reader<RandomAccessFile> {
  constructor(readonly file: RandomAccessFile) {
    super(file);
    this.size = file.size;
  }

  override readUint8Array(position: number, length: number): Promise<Uint8Array> {
    return this.file.readAt(position, length);
  }
}

async function inWords<T>(path: string, result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (cause) {
    throw archiveError(path, cause);
  }
}

/** Whatever the package throws is about the archive. */
function archiveError(path: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || cause instanceof DataError) return cause;
  return new DataError(path, `is no ZIP archive, or a damaged one (${cause.message})`, { cause });
}
