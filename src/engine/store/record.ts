/** How a result came to be: what the store keeps under a key. */
import { DataError } from "../../errors.ts";
import { isJsonObject, OWN_LIMITS, parseJson } from "../../json.ts";
import type { Digest, Json } from "../../workflow/step.ts";
import { isBlob, isDuration, isPosition, isSize, isTableOf } from "./checked.ts";
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
  /** Peak of the memory of a process that did nothing else. */
  memoryBytes?: number;
  /** Log of the run that made it, as an object. */
  log?: Digest;
  /** Facts about the making that are no part of the key: host, versions. */
  made: Readonly<Record<string, Json>>;
  /** Where the record was copied from: the address of a shared cache, or the name of a bundle. */
  from?: string;
  /** Of a record on a server; see `remote/signature.ts`. */
  signature?: string;
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
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

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

/** Undefined when it is torn or flipped, or holds what no record can. */
export function decodeAnyRecord(bytes: Uint8Array): StoredRecord | undefined {
  const sum = hexOf(digestOf(bytes.subarray(BODY, -TAIL.length)));
  const text = decodeUtf8(bytes);
  if (!text?.startsWith(`${HEAD}${sum}${MIDDLE}`) || !text.endsWith(TAIL)) return undefined;
  try {
    const record = parseJson(text.slice(BODY, -TAIL.length), "a record", OWN_LIMITS);
    return isRecord(record) ? record : undefined;
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Whether it is what a record names as an output. */
export function isOutputRef(value: unknown): value is OutputRef {
  return isBlob(value) && "type" in value && typeof value.type === "string" &&
    "bytes" in value && isSize(value.bytes) &&
    (!("items" in value) || Array.isArray(value.items) && value.items.every(isBlob));
}

/** The checksum is no proof of origin: whoever can write to a store can compute it. */
function isRecord(value: unknown): value is StoredRecord {
  if (!isJsonObject(value) || !isDigest(value.key) || typeof value.created !== "string") {
    return false;
  }
  switch (value.type) {
    case "instance":
      return isKeyParts(value.parts) && isTableOf(value.outputs, isOutputRef) &&
        isDuration(value.seconds) && isSize(value.bytes) && isJsonObject(value.made) &&
        isAbsentOr(value.resumedFrom, isPosition) && isAbsentOr(value.deviceBytes, isSize) &&
        isAbsentOr(value.memoryBytes, isSize) && isAbsentOr(value.log, isDigest) &&
        isAbsentOr(value.from, isText) && isAbsentOr(value.signature, isText);
    case "memo":
      return typeof value.kind === "string" && isBlob(value.blob) && isDuration(value.seconds);
    case "chain":
      return typeof value.kind === "string" && isPosition(value.position) &&
        typeof value.final === "boolean" && isBlob(value.artifact) && isSize(value.bytes);
    default:
      return false;
  }
}

function isKeyParts(value: unknown): value is KeyParts {
  return isJsonObject(value) && typeof value.kind === "string" &&
    typeof value.version === "number" && isJsonObject(value.params) && isJsonObject(value.paths) &&
    isAbsentOr(value.position, (positions) => isTableOf(positions, isPosition)) &&
    isTableOf(value.inputs, isKeyInput);
}

function isKeyInput(value: unknown): value is KeyParts["inputs"][string] {
  if (!Array.isArray(value)) return isDigest(value);
  return value.every((each) =>
    isJsonObject(each) && isDigest(each.digest) && isJsonObject(each.axes)
  );
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isAbsentOr(value: unknown, fits: (value: unknown) => boolean): boolean {
  return value === undefined || fits(value);
}

/** Facts about this program that every record carries. */
export function madeBy(): Record<string, Json> {
  return {
    host: Deno.build.target,
    deno: Deno.version.deno,
  };
}
