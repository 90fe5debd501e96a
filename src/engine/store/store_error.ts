/** What a store lacks, or can't do. */
import { DataError } from "../../errors.ts";
import type { Blob, Digest } from "../../workflow/step.ts";

/** An object is missing, or its content does not have the digest in its name. */
export class ObjectError extends DataError {
  constructor(readonly digest: Digest, readonly state: "missing" | "corrupt", detail: string) {
    super(`object ${digest}`, detail);
  }
}

export function missingError(blob: Blob, paths: readonly string[]): ObjectError {
  const where = paths.length > 0
    ? `the file ${paths.join(" or ")} is gone or was changed`
    : "is missing from the cache; run the workflow again to compute it again";
  return new ObjectError(blob.digest, "missing", where);
}

export function corruptError(blob: Blob): ObjectError {
  return new ObjectError(
    blob.digest,
    "corrupt",
    "is corrupt in the cache and was set aside; run the workflow again to compute it again",
  );
}

export function readOnlyError(root: string): DataError {
  return new DataError(
    root,
    "this cache is read-only and lacks a result; name a writable one first, as in --cache A,B",
  );
}
