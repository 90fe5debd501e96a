/** Inflating files that may lie about their size. */
import { DataError } from "../../errors.ts";
import { inflateInto } from "./inflate_into.ts";
import { zlib } from "./zlib.ts";

/** Deflate can't shrink anything below one part in 1032. */
const MAX_RATIO = 1032;

const FIRST_CHUNK = 4096;
/** Bytes beyond those asked for that a chunk may inflate to. */
const START_ALLOWANCE = MAX_RATIO * FIRST_CHUNK;

/** Flags of a member's header (RFC 1952), and the bytes that come before its optional fields. */
const HAS_EXTRA = 4;
const HAS_NAME = 8;
const HAS_COMMENT = 16;
const HAS_CHECKSUM = 2;
const FIXED_HEADER = 10;

export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * At least the first `count` bytes, or everything if there is less, inflating little more than that.
 *
 * @throws {DataError} when the stream is broken
 */
export function inflateStart(bytes: Uint8Array, count: number, subject: string): Uint8Array {
  const start = refuseBroken(() => {
    const member = withShortHeader(bytes);
    const options = { maxOutputLength: count + START_ALLOWANCE };
    try {
      for (let length = FIRST_CHUNK; length < member.length; length *= 4) {
        const start = zlib().gunzipSync(member.subarray(0, length), {
          ...options,
          finishFlush: zlib().constants.Z_SYNC_FLUSH,
        });
        if (start.length >= count) return start;
      }
      return zlib().gunzipSync(member, options);
    } catch {
      // More than the allowance, a later member with a long header, or rubbish behind a member.
      const start = new Uint8Array(count);
      return start.subarray(0, inflateInto(member, start, 1));
    }
  }, subject);
  // A Buffer's methods share its memory where those of an array copy.
  return new Uint8Array(start.buffer, start.byteOffset, start.length);
}

/**
 * The file with a header that has no optional fields. A comment of many megabytes would otherwise have
 * to be followed by chunks as long before anything is inflated.
 */
function withShortHeader(bytes: Uint8Array): Uint8Array {
  const end = endOfHeader(bytes);
  if (end <= FIXED_HEADER || end >= bytes.length) return bytes;
  const member = bytes.slice(end - FIXED_HEADER);
  member.set(bytes.subarray(0, FIXED_HEADER));
  member[3] = 0;
  return member;
}

/** Where the deflated data of the first member begin; 0 when its header is not complete. */
function endOfHeader(bytes: Uint8Array): number {
  const flags = bytes[3];
  let end = FIXED_HEADER;
  if (flags & HAS_EXTRA) end += 2 + bytes[end] + 256 * bytes[end + 1];
  for (const flag of [HAS_NAME, HAS_COMMENT]) {
    if (flags & flag) end = bytes.indexOf(0, end) + 1;
    if (end === 0) return 0;
  }
  return flags & HAS_CHECKSUM ? end + 2 : end;
}

/** Memory that one file after another is inflated to. */
export class Scratch {
  #memory = new Uint8Array(0);

  /** @returns memory with whatever it holds, which what was returned before may share */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    if (this.#memory.length < bytes) this.#memory = new Uint8Array(bytes);
    return this.#memory.subarray(0, bytes);
  }
}

/** Bytes beyond the expected ones for which memory is taken at first: few files have more. */
const USUAL_PADDING = 2 ** 20;
/** Bytes beyond the expected ones above which a file is refused. */
const MAX_PADDING = 2 ** 24;

/**
 * All bytes of a gzip file (every member), its checksum verified. As in nibabel, whatever stands
 * behind a member that holds the expected bytes is ignored.
 *
 * @param expected bytes of the content, by its own header; memory for a little more is taken from `scratch`
 * @throws {DataError} when the stream is broken or truncated, holds much more than `expected` bytes,
 *   or can't possibly hold as many
 */
export function inflate(
  bytes: Uint8Array,
  expected: number,
  subject: string,
  scratch: Scratch,
): Uint8Array<ArrayBuffer> {
  if (expected > bytes.length * MAX_RATIO) {
    throw new DataError(
      subject,
      `truncated: ${bytes.length} compressed bytes can't hold the ${expected} bytes of the image`,
    );
  }
  for (const padding of [USUAL_PADDING, MAX_PADDING]) {
    const limit = expected + padding;
    const memory = scratch.take(limit + 1);
    const length = refuseBroken(() => inflateInto(bytes, memory, expected), subject);
    if (length <= limit) return memory.subarray(0, length);
  }
  throw new DataError(
    subject,
    `inflates to more than the ${expected} bytes of the image and ${MAX_PADDING} behind them`,
  );
}

/** @throws {DataError} in place of what zlib throws */
function refuseBroken<T>(inflating: () => T, subject: string): T {
  try {
    return inflating();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(subject, `broken gzip file (${reason}); copy or download it again`, {
      cause,
    });
  }
}

/** A gzip file whose bytes depend on the content alone: no time, no name, no platform. */
export function deflate(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  // Level 1 costs half the time of the default; noise in an image leaves little to gain.
  const { buffer, byteOffset, length } = zlib().gzipSync(bytes, { level: 1 });
  const file = new Uint8Array(buffer as ArrayBuffer, byteOffset, length);
  file.fill(0, 4, 8);
  file[9] = 255;
  return file;
}
