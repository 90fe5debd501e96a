/** How a result came to be: what the store keeps under a key. */
import type { Digest, Json } from "../workflow/step.ts";
import type { KeyParts } from "./key.ts";
import { digestOf, hexOf, isDigest } from "./digest.ts";

/** One manifest in the store. */
export interface ManifestRef {
  digest: Digest;
  /** Of the manifest itself, in bytes. */
  size: number;
}

/** One output of a record. */
export interface OutputRef extends ManifestRef {
  type: string;
  /** Of everything that the output is made of, in bytes. */
  bytes: number;
  /** Elements of a list output. */
  items?: readonly ManifestRef[];
}

export interface InstanceRecord {
  type: "instance";
  key: Digest;
  parts: KeyParts;
  outputs: Readonly<Record<string, OutputRef>>;
  /** ISO 8601, UTC. */
  created: string;
  /** Wall clock time that it took. */
  seconds: number;
  /** Position of the checkpoint that it went on from. */
  resumedFrom?: number;
  bytes: number;
  deviceBytes?: number;
  /** Log of the run that made it, as an object. */
  log?: Digest;
  /** Facts about the making that are no part of the key: host, versions. */
  made: Readonly<Record<string, Json>>;
}

export interface MemoRecord {
  type: "memo";
  key: Digest;
  kind: string;
  blob: { digest: Digest; size: number };
  created: string;
  seconds: number;
}

export interface ChainRecord {
  type: "chain";
  key: Digest;
  kind: string;
  position: number;
  final: boolean;
  artifact: ManifestRef;
  bytes: number;
  created: string;
}

interface RecordTypes {
  instance: InstanceRecord;
  memo: MemoRecord;
  chain: ChainRecord;
}

export type RecordOf<T extends keyof RecordTypes> = RecordTypes[T];
export type StoredRecord = RecordOf<keyof RecordTypes>;

const HEAD = '{"sha256":"';
const MIDDLE = '","record":';

/** JSON text that carries a checksum of itself, so that a flipped bit is a miss. */
export function encodeRecord(record: StoredRecord): string {
  const body = JSON.stringify(record);
  return `${HEAD}${hexOf(digestOf(body))}${MIDDLE}${body}}\n`;
}

/** Undefined when the text is torn, flipped or not a record of the type. */
export function decodeRecord<T extends keyof RecordTypes>(
  text: string,
  type: T,
): RecordOf<T> | undefined {
  const start = HEAD.length + 64 + MIDDLE.length;
  if (!text.startsWith(HEAD) || !text.startsWith(MIDDLE, HEAD.length + 64)) return undefined;
  if (!text.endsWith("}\n")) return undefined;
  const body = text.slice(start, -2);
  if (hexOf(digestOf(body)) !== text.slice(HEAD.length, HEAD.length + 64)) return undefined;
  const record = JSON.parse(body) as StoredRecord;
  if (record.type !== type || !isDigest(record.key)) return undefined;
  return record as RecordOf<T>;
}
