/**
 * Checks of what is read from a store, a lower tier, a lock file or a record of a run, before any of it
 * becomes a path or memory. Whoever can write there can write anything.
 */
import { DataError } from "../../errors.ts";
import { isJsonObject, OWN_LIMITS, parseJsonBytes } from "../../json.ts";
import type { Blob, Digest } from "../../workflow/step.ts";
import { isDigest } from "./digest.ts";

/** 16 TiB: no disk that Gyrus is run on holds a larger file. */
const MAX_BYTES = 2 ** 44;

/** A number of bytes. */
export function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MAX_BYTES;
}

/** A position of a checkpoint, which names its file: an epoch, or a point within one. */
export function isPosition(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}

/** A time in seconds. */
export function isDuration(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

/** Digest and size; further fields are left to their readers. */
export function isBlob(value: unknown): value is Blob {
  return isJsonObject(value) && isDigest(value.digest) && isSize(value.size);
}

/** Whether it is an object whose every value fits. */
export function isTableOf<T>(
  value: unknown,
  fits: (item: unknown) => item is T,
): value is Readonly<Record<string, T>> {
  return isJsonObject(value) && Object.values(value).every(fits);
}

/** A digest that is about to become a part of a path. @throws {DataError} when it is none */
export function checkDigest(digest: Digest): Digest {
  if (isDigest(digest)) return digest;
  throw new DataError(
    "the cache",
    `names ${JSON.stringify(String(digest).slice(0, 80))} where a digest belongs; ` +
      "run `gyrus cache verify`, or use another cache",
  );
}

/**
 * The value of a JSON file of the store.
 *
 * @param what it must be, such as "a list of pins"
 * @param wayOut what to do about a file that is torn or holds something else
 * @throws {DataError} naming the file and the way out
 */
export function parseStored<T>(
  bytes: Uint8Array,
  path: string,
  fits: (value: unknown) => value is T,
  what: string,
  wayOut: string,
): T {
  let value: unknown;
  try {
    value = parseJsonBytes(bytes, path, OWN_LIMITS);
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause;
    throw new DataError(path, `is not ${what} (${cause.problem}); ${wayOut}`, { cause });
  }
  if (fits(value)) return value;
  throw new DataError(path, `is not ${what}; ${wayOut}`);
}
