/**
 * Signatures of records on a server: HMAC-SHA256 with a secret that the members of a lab share and the
 * server does not know, so that a server can leave records out but make none.
 */
import type { Json } from "../../../workflow/step.ts";
import { canonicalJson } from "../canonical.ts";
import type { InstanceRecord } from "../record.ts";

/** 64 hexadecimal digits. */
export function signatureOf(text: string, secret: string): string {
  const { createHmac } = process.getBuiltinModule("node:crypto");
  return createHmac("sha256", secret).update(text).digest("hex");
}

/** Whether it is the signature of the text; the time that this takes reveals nothing of the right one. */
export function hasSignature(text: string, signature: string, secret: string): boolean {
  const { timingSafeEqual } = process.getBuiltinModule("node:crypto");
  const [expected, found] = [signatureOf(text, secret), signature]
    .map((each) => new TextEncoder().encode(each));
  return expected.length === found.length && timingSafeEqual(expected, found);
}

/** The record with its signature. */
export function signRecord(record: InstanceRecord, secret: string): InstanceRecord {
  return { ...record, signature: signatureOf(signedText(record), secret) };
}

/** Whether a record carries the signature that the secret gives. */
export function isSigned(record: InstanceRecord, secret: string): boolean {
  return hasSignature(signedText(record), record.signature ?? "", secret);
}

/** Everything but the fields that a copy of the record changes. */
function signedText(record: InstanceRecord): string {
  const { signature: _, from: __, ...signed } = record;
  return `gyrus record 1\n${canonicalJson(signed as unknown as Json)}`;
}
