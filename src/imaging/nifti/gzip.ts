/** Inflating files that may lie about their size. */
import { constants, gunzipSync, gzipSync } from "node:zlib";
import { DataError } from "../../errors.ts";
import { inflateInto } from "./inflate_into.ts";

/** Deflate can't shrink anything below one part in 1032. */
const MAX_RATIO = 1032;

const HEADER_CHUNK = 4096;

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
    for (let length = HEADER_CHUNK; length < bytes.length; length *= 4) {
      const start = gunzipSync(bytes.subarray(0, length), {
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: MAX_RATIO * length,
      });
      if (start.length >= count) return start;
    }
    return gunzipSync(bytes, { maxOutputLength: MAX_RATIO * (bytes.length + 1) });
  }, subject);
  // A Buffer's methods share its memory where those of an array copy.
  return new Uint8Array(start.buffer, start.byteOffset, start.length);
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

/**
 * All bytes of a gzip file (every member), its checksum verified.
 *
 * @param expected bytes of the content, by its own header
 * @param limit bytes above which the file is refused; memory for as many is taken from `scratch`
 * @throws {DataError} when the stream is broken or truncated, holds more than `limit`, or can't
 *   possibly hold `expected` bytes
 */
export function inflate(
  bytes: Uint8Array,
  expected: number,
  limit: number,
  subject: string,
  scratch: Scratch,
): Uint8Array<ArrayBuffer> {
  if (expected > bytes.length * MAX_RATIO) {
    throw new DataError(
      subject,
      `truncated: ${bytes.length} compressed bytes can't hold the ${expected} bytes of the image`,
    );
  }
  const memory = scratch.take(limit + 1);
  const length = refuseBroken(() => inflateInto(bytes, memory), subject);
  if (length > limit) {
    throw new DataError(subject, `inflates to more than the ${limit} bytes it may hold`);
  }
  return memory.subarray(0, length);
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
  const { buffer, byteOffset, length } = gzipSync(bytes, { level: 1 });
  const file = new Uint8Array(buffer as ArrayBuffer, byteOffset, length);
  file.fill(0, 4, 8);
  file[9] = 255;
  return file;
}
