/** How a result came to be: what the store keeps under a key. */
import type { Digest, Json } from "../../workflow/step.ts";
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

const TAIL = "}\n";
const BODY = HEAD.length + 64 + MIDDLE.length;
const decoder = new TextDecoder();

/** JSON text that carries a checksum of itself, so that a flipped bit is a miss. */
export function encodeRecord(record: StoredRecord): Uint8Array<ArrayBuffer> {
  const body = JSON.stringify(record);
  return new TextEncoder().encode(`${HEAD}${hexOf(digestOf(body))}${MIDDLE}${body}${TAIL}`);
}

/** Undefined when it is torn, flipped or not a record of the type. */
export function decodeRecord<T extends keyof RecordTypes>(
  bytes: Uint8Array,
  type: T,
): RecordOf<T> | undefined {
  const record = decodeAnyRecord(bytes);
  return record?.type === type ? record as RecordOf<T> : undefined;
}

/** Undefined when it is torn or flipped. */
export function decodeAnyRecord(bytes: Uint8Array): StoredRecord | undefined {
  const head = decoder.decode(bytes.subarray(0, BODY));
  const body = bytes.subarray(BODY, -TAIL.length);
  const sum = hexOf(digestOf(body));
  if (head !== `${HEAD}${sum}${MIDDLE}`) return undefined;
  if (decoder.decode(bytes.subarray(BODY + body.length)) !== TAIL) return undefined;
  const record = JSON.parse(decoder.decode(body)) as StoredRecord;
  return isDigest(record.key) ? record : undefined;
}
