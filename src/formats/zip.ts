/**
 * ZIP archives as PyTorch writes and reads them: entries stored, payloads aligned to 64 bytes.
 * The reader trusts the central directory, as zip libraries do, and checks it before allocating.
 */
import { crc32, inflateRawSync } from "node:zlib";
import { DataError } from "../errors.ts";
import { shorten } from "./describe_value.ts";

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END_RECORD = 0x06054b50;
const ZIP64_END_RECORD = 0x06064b50;
const ZIP64_LOCATOR = 0x07064b50;
const LOCAL_HEADER_BYTES = 30;
const CENTRAL_HEADER_BYTES = 46;
const END_RECORD_BYTES = 22;
const ALIGNMENT = 64;
/** 1980-01-01, the format's earliest date: archives do not depend on the clock. */
const DOS_DATE = 0x21;
const UTF8_NAMES = 0x800;
const U32_MAX = 0xffffffff;
const U16_MAX = 0xffff;
/** Deflate cannot shrink data further than this. */
const MAX_DEFLATE_RATIO = 1032;
/** All deflated entries together inflate to at most this, and 16 times the archive. */
const INFLATE_ALLOWANCE = 2 ** 28;

/** An entry of the central directory; sizes in bytes. */
interface DirectoryEntry {
  method: number;
  crc: number;
  compressed: number;
  size: number;
  localOffset: number;
  /** Where the next entry or the directory begins. */
  limit: number;
}

/** An archive's entries; each is read, and its checksum checked, when asked for. */
interface ZipArchive {
  names: readonly string[];
  /** Bytes of one entry: a view where it is stored. @throws {DataError} if absent or corrupt */
  read(name: string): Uint8Array<ArrayBuffer>;
}

/** Whether the bytes start with the signature of a ZIP archive. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/**
 * Reads the directory of an archive.
 *
 * @param subject the file's name for errors
 * @throws {DataError} when the directory is missing, has wrong sizes or points outside the file
 */
export function readZip(bytes: Uint8Array<ArrayBuffer>, subject: string): ZipArchive {
  const fail = (problem: string) => new DataError(subject, `is not a sound archive: ${problem}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const directory = findDirectory(view, fail);
  const entries = new Map<string, DirectoryEntry>();
  let at = directory.offset;
  for (let i = 0; i < directory.count; i++) {
    if (at + CENTRAL_HEADER_BYTES > bytes.length || view.getUint32(at, true) !== CENTRAL_HEADER) {
      throw fail(`entry ${i + 1} of ${directory.count} is missing from its directory`);
    }
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const commentLength = view.getUint16(at + 32, true);
    const nameStart = at + CENTRAL_HEADER_BYTES;
    const next = nameStart + nameLength + extraLength + commentLength;
    if (next > bytes.length) throw fail("its directory is truncated");
    const name = new TextDecoder().decode(bytes.subarray(nameStart, nameStart + nameLength));
    if (entries.has(name)) throw fail(`it holds ${shorten(name)} twice`);
    const entry: DirectoryEntry = {
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      compressed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      localOffset: view.getUint32(at + 42, true),
      limit: directory.offset,
    };
    applyZip64(entry, view, nameStart + nameLength, extraLength, fail);
    entries.set(name, entry);
    at = next;
  }
  limitEntries([...entries.values()]);
  let budget = INFLATE_ALLOWANCE + 16 * bytes.length;
  return {
    names: [...entries.keys()],
    read(name) {
      const entry = entries.get(name);
      if (entry === undefined) throw fail(`it has no entry ${shorten(name)}; it may be truncated`);
      if (entry.method !== 0) budget -= inflatedSize(entry, shorten(name), fail);
      if (budget < 0) {
        throw fail("it inflates to far more than its size; unpack it and pack it anew");
      }
      return readEntry(bytes, view, shorten(name), entry, fail);
    },
  };
}

/** What an entry claims. @throws {DataError} when its bytes can't hold that much */
function inflatedSize({ size, compressed }: DirectoryEntry, name: string, fail: Fail): number {
  if (size > compressed * MAX_DEFLATE_RATIO) throw fail(`${name} claims an impossible size`);
  return size;
}

/** Entries that share bytes would let a small archive inflate without end. */
function limitEntries(entries: readonly DirectoryEntry[]): void {
  const ordered = entries.toSorted((a, b) => a.localOffset - b.localOffset);
  for (let i = 1; i < ordered.length; i++) ordered[i - 1].limit = ordered[i].localOffset;
}

type Fail = (problem: string) => DataError;

function findDirectory(view: DataView, fail: Fail): { offset: number; count: number } {
  const last = view.byteLength - END_RECORD_BYTES;
  let end = last;
  while (end >= Math.max(0, last - U16_MAX) && view.getUint32(end, true) !== END_RECORD) end--;
  if (end < Math.max(0, last - U16_MAX)) {
    throw fail("it has no end record; the file may be truncated");
  }
  let count = view.getUint16(end + 10, true);
  let offset = view.getUint32(end + 16, true);
  const locator = end - 20;
  if (
    (count === U16_MAX || offset === U32_MAX) && locator >= 0 &&
    view.getUint32(locator, true) === ZIP64_LOCATOR
  ) {
    const record = Number(view.getBigUint64(locator + 8, true));
    if (record > locator - 56 || view.getUint32(record, true) !== ZIP64_END_RECORD) {
      throw fail("its zip64 end record is missing");
    }
    count = Number(view.getBigUint64(record + 32, true));
    offset = Number(view.getBigUint64(record + 48, true));
  }
  if (offset > end || count > (end - offset) / CENTRAL_HEADER_BYTES) {
    throw fail(`it claims ${count} entries where there is no room for them`);
  }
  return { offset, count };
}

/** Reads sizes and offset that need more than 32 bits from the zip64 extra field (id 1). */
function applyZip64(
  entry: DirectoryEntry,
  view: DataView,
  start: number,
  length: number,
  fail: Fail,
) {
  if (entry.size !== U32_MAX && entry.compressed !== U32_MAX && entry.localOffset !== U32_MAX) {
    return;
  }
  const end = start + length;
  for (let at = start; at + 4 <= end;) {
    const fieldEnd = at + 4 + view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === 1 && fieldEnd <= end) {
      let value = at + 4;
      for (const key of ["size", "compressed", "localOffset"] as const) {
        if (entry[key] !== U32_MAX) continue;
        if (value + 8 > fieldEnd) throw fail("a zip64 field is too short");
        entry[key] = Number(view.getBigUint64(value, true));
        value += 8;
      }
      return;
    }
    at = fieldEnd;
  }
}

function readEntry(
  bytes: Uint8Array<ArrayBuffer>,
  view: DataView,
  name: string,
  entry: DirectoryEntry,
  fail: Fail,
): Uint8Array<ArrayBuffer> {
  const { localOffset, compressed, size, method, limit } = entry;
  if (
    localOffset + LOCAL_HEADER_BYTES > bytes.length ||
    view.getUint32(localOffset, true) !== LOCAL_HEADER
  ) {
    throw fail(`${name} is not where its directory places it`);
  }
  const start = localOffset + LOCAL_HEADER_BYTES + view.getUint16(localOffset + 26, true) +
    view.getUint16(localOffset + 28, true);
  if (start + compressed > bytes.length) throw fail(`${name} ends beyond the file`);
  if (start + compressed > limit) throw fail(`${name} overlaps what follows it`);
  const raw = bytes.subarray(start, start + compressed);
  let content: Uint8Array<ArrayBuffer>;
  if (method === 0) {
    if (size !== compressed) throw fail(`${name} claims two sizes`);
    content = raw;
  } else if (method === 8) {
    try {
      content = new Uint8Array(inflateRawSync(raw, { maxOutputLength: Math.max(1, size) }));
    } catch (cause) {
      throw fail(`${name} cannot be inflated (${(cause as Error).message})`);
    }
    if (content.length !== size) throw fail(`${name} has another size than in its directory`);
  } else {
    throw fail(`${name} is packed by method ${method}, neither stored nor deflated`);
  }
  // PyTorch writes 0 where it is configured not to compute checksums.
  if (entry.crc !== 0 && crc32(content) !== entry.crc) throw fail(`${name} is corrupt (CRC-32)`);
  return content;
}

/** An entry to write. */
export interface ZipContent {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** {@link writeZipParts}, joined. */
export function writeZip(entries: readonly ZipContent[]): Uint8Array<ArrayBuffer> {
  const parts = writeZipParts(entries);
  const archive = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    archive.set(part, at);
    at += part.length;
  }
  return archive;
}

/**
 * Writes a stored archive whose payloads start at multiples of 64 bytes, padded as PyTorch does: by an
 * extra field "FB" filled with Z. Equal entries give equal bytes.
 *
 * @returns its parts in order; payloads are the entries' own bytes, not copied
 * @throws {RangeError} for an archive that needs zip64
 */
export function writeZipParts(entries: readonly ZipContent[]): Uint8Array<ArrayBuffer>[] {
  const encoder = new TextEncoder();
  let end = 0;
  const placed = entries.map(({ name, bytes }) => {
    const encodedName = encoder.encode(name);
    const unpadded = end + LOCAL_HEADER_BYTES + encodedName.length + 4;
    const start = Math.ceil(unpadded / ALIGNMENT) * ALIGNMENT;
    const entry = {
      name: encodedName,
      bytes,
      crc: crc32(bytes),
      offset: end,
      padding: start - unpadded,
    };
    end = start + bytes.length;
    return entry;
  });
  const directoryBytes = placed.reduce(
    (sum, { name }) => sum + CENTRAL_HEADER_BYTES + name.length,
    0,
  );
  if (end > U32_MAX || placed.length >= U16_MAX) {
    throw new RangeError(`An archive of ${end} bytes and ${placed.length} entries needs zip64`);
  }
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const directory = new Uint8Array(directoryBytes + END_RECORD_BYTES);
  const view = new DataView(directory.buffer);
  let at = 0;
  for (const { name, bytes, crc, offset, padding } of placed) {
    const extra = LOCAL_HEADER_BYTES + name.length;
    const header = new Uint8Array(extra + 4 + padding).fill(0x5a, extra + 4);
    const local = new DataView(header.buffer);
    local.setUint32(0, LOCAL_HEADER, true);
    writeCommonFields(local, 4, name.length, bytes.length, crc);
    local.setUint16(28, 4 + padding, true);
    header.set(name, LOCAL_HEADER_BYTES);
    local.setUint16(extra, 0x4246, true);
    local.setUint16(extra + 2, padding, true);
    parts.push(header, bytes);

    view.setUint32(at, CENTRAL_HEADER, true);
    writeCommonFields(view, at + 6, name.length, bytes.length, crc);
    view.setUint32(at + 42, offset, true);
    directory.set(name, at + CENTRAL_HEADER_BYTES);
    at += CENTRAL_HEADER_BYTES + name.length;
  }
  view.setUint32(at, END_RECORD, true);
  view.setUint16(at + 8, placed.length, true);
  view.setUint16(at + 10, placed.length, true);
  view.setUint32(at + 12, directoryBytes, true);
  view.setUint32(at + 16, end, true);
  return [...parts, directory];
}

/** The fields from "version needed" to the name's length, which both headers share. */
function writeCommonFields(
  view: DataView,
  at: number,
  nameLength: number,
  size: number,
  crc: number,
): void {
  view.setUint16(at, 20, true);
  view.setUint16(at + 2, UTF8_NAMES, true);
  view.setUint16(at + 8, DOS_DATE, true);
  view.setUint32(at + 10, crc, true);
  view.setUint32(at + 14, size, true);
  view.setUint32(at + 18, size, true);
  view.setUint16(at + 22, nameLength, true);
}
