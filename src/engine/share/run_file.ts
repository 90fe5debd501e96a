/** The record of a run on a server: `records/runs/<id>.json`, with a signature where a secret is shared. */
import { DataError } from "../../errors.ts";
import { isJsonObject, parseJsonBytes } from "../../json.ts";
import type { Json } from "../../workflow/step.ts";
import { isRunId, type RunRecord } from "../run/run_folder.ts";
import { isRunRecord } from "../run/run_record.ts";
import { canonicalJson } from "../store/canonical.ts";
import { hasSignature, signatureOf } from "../store/remote/signature.ts";

export const MAX_RUN_FILE = 2 ** 26;

export function runFilePath(id: string): string {
  return `records/runs/${id}.json`;
}

export function encodeRunFile(run: RunRecord, secret: string | undefined): Uint8Array<ArrayBuffer> {
  const signature = secret === undefined ? {} : { signature: signatureOf(textOf(run), secret) };
  return new TextEncoder().encode(JSON.stringify({ run, ...signature }) + "\n");
}

/** @throws {DataError} when it is none of that run, or lacks the signature that a secret demands */
export function decodeRunFile(
  bytes: Uint8Array,
  id: string,
  subject: string,
  secret: string | undefined,
): RunRecord {
  const value = parseJsonBytes(bytes, subject);
  const run = isJsonObject(value) && isRunRecord(value.run) ? value.run as RunRecord : undefined;
  if (!isJsonObject(value) || run?.id !== id || !isRunId(id)) {
    throw new DataError(subject, `is no record of run ${id}`);
  }
  const { signature } = value;
  const isSigned = secret === undefined ||
    typeof signature === "string" && hasSignature(textOf(run), signature, secret);
  if (isSigned) return run;
  throw new DataError(subject, "has not the signature of your secret");
}

function textOf(run: RunRecord): string {
  return `gyrus run 1\n${canonicalJson(run as unknown as Json)}`;
}
