/**
 * safetensors files: `u64 N | N bytes of JSON | tensor bytes`.
 *
 * The writer orders tensors by decreasing element size, so that every tensor is aligned and can be
 * viewed in place; the header keeps their original order.
 */
import { DataError } from "../errors.ts";
import { endOfString, isJsonObject, parseJsonBytes } from "../json.ts";
import { describeValue, shorten } from "./describe_value.ts";
import {
  ARRAY_OF,
  checkTensor,
  type Dtype,
  dtypeSize,
  elementCount,
  type Tensor,
  tensorBytes,
  type TensorData,
  viewElements,
} from "./tensor.ts";

const DTYPE_CODES: Readonly<Record<Dtype, string>> = {
  float64: "F64",
  float32: "F32",
  float16: "F16",
  bfloat16: "BF16",
  int64: "I64",
  int32: "I32",
  int16: "I16",
  int8: "I8",
  uint64: "U64",
  uint32: "U32",
  uint16: "U16",
  uint8: "U8",
  bool: "BOOL",
};
const DTYPES = new Map(
  (Object.keys(DTYPE_CODES) as Dtype[]).map((dtype) => [DTYPE_CODES[dtype], dtype]),
);

/**
 * Enough for 100,000 tensors. The reference reader takes headers of 100 MB, whose description in memory
 * needs a gigabyte.
 */
const MAX_HEADER_BYTES = 2 ** 24;
const HEADER_LIMITS = { length: MAX_HEADER_BYTES, values: 2_000_000, depth: 3 };

/** Description of a tensor in the header. */
interface SafetensorsEntry {
  dtype: Dtype;
  shape: readonly number[];
  /** Bytes from the start of the file. */
  offset: number;
  elements: number;
}

/** A parsed file: entries by name, in the header's order; tensors are created on request. */
export interface Safetensors {
  metadata: Readonly<Record<string, string>>;
  entries: ReadonlyMap<string, SafetensorsEntry>;
  /** Views the file's bytes. @throws {DataError} when there is no such tensor */
  tensor(name: string): Tensor;
  /** Every tensor, in the header's order. */
  tensors(): Map<string, Tensor>;
}

/**
 * Writes tensors by name, and text by key.
 *
 * @throws {DataError} when a tensor's data disagree with its dtype or shape
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, Tensor>> | ReadonlyMap<string, Tensor>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const named: [string, Tensor][] = tensors instanceof Map
    ? [...tensors]
    : Object.entries(tensors as Readonly<Record<string, Tensor>>);
  for (const [name, tensor] of named) checkTensor(tensor, `tensor ${name}`);
  const { bytes, starts } = allocateFile(named, metadata);
  named.forEach(([, tensor], i) => bytes.set(tensorBytes(tensor), starts[i]));
  return bytes;
}

/**
 * Allocates a file whose tensors are zero, and views that fill them in place: large tensors are not
 * copied.
 *
 * @throws {DataError} on an impossible shape
 */
export function allocateSafetensors<Name extends string>(
  tensors: Readonly<Record<Name, { dtype: Dtype; shape: readonly number[] }>>,
): { bytes: Uint8Array<ArrayBuffer>; views: Record<Name, TensorData> } {
  const named = Object.entries(tensors) as [Name, { dtype: Dtype; shape: readonly number[] }][];
  const { bytes, starts } = allocateFile(named);
  const views = named.map(([name, { dtype, shape }], i) => [
    name,
    new ARRAY_OF[dtype](bytes.buffer, starts[i], elementCount(shape, `tensor ${name}`)),
  ]);
  return { bytes, views: Object.fromEntries(views) };
}

/** Allocates a file and writes its header. @returns its bytes, and the offset of each tensor */
function allocateFile(
  named: readonly [string, { dtype: Dtype; shape: readonly number[] }][],
  metadata?: Readonly<Record<string, string>>,
): { bytes: Uint8Array<ArrayBuffer>; starts: number[] } {
  const size = ([name, { dtype, shape }]: (typeof named)[number]) =>
    dtypeSize(dtype) * elementCount(shape, `tensor ${name}`);
  const offsets = new Map<string, number>();
  let end = 0;
  for (const entry of named.toSorted(([, a], [, b]) => dtypeSize(b.dtype) - dtypeSize(a.dtype))) {
    offsets.set(entry[0], end);
    end += size(entry);
  }
  const fields: string[] = metadata ? [`"__metadata__":${JSON.stringify(metadata)}`] : [];
  for (const entry of named) {
    const [name, { dtype, shape }] = entry;
    const begin = offsets.get(name)!;
    fields.push(`${JSON.stringify(name)}:${
      JSON.stringify({
        dtype: DTYPE_CODES[dtype],
        shape,
        data_offsets: [begin, begin + size(entry)],
      })
    }`);
  }
  const header = new TextEncoder().encode(`{${fields.join(",")}}`);
  const padded = Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.fill(0x20, 8 + header.length, 8 + padded);
  bytes.set(header, 8);
  return { bytes, starts: named.map(([name]) => 8 + padded + offsets.get(name)!) };
}

/**
 * Parses the header and checks all of it: known dtypes, no name twice, and ranges that match their
 * shapes and cover the data without holes or overlap.
 *
 * @param subject the file's name for errors
 * @throws {DataError}
 */
export function readSafetensors(bytes: Uint8Array<ArrayBuffer>, subject: string): Safetensors {
  const fail = (problem: string) =>
    new DataError(subject, `is not a sound safetensors file: ${problem}`);
  if (bytes.length < 8) throw fail(`it has ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > bytes.length - 8) {
    throw fail(`its header claims ${headerLength} bytes, the file has ${bytes.length}`);
  }
  if (headerLength > MAX_HEADER_BYTES) {
    throw fail(`its header has ${headerLength} bytes; at most ${MAX_HEADER_BYTES} are read`);
  }
  const header = parseHeader(bytes.subarray(8, 8 + headerLength), subject, fail);
  const dataStart = 8 + headerLength;
  const dataLength = bytes.length - dataStart;

  let metadata: Record<string, string> = {};
  const entries = new Map<string, SafetensorsEntry>();
  const ranges: { name: string; begin: number; end: number }[] = [];
  for (const [name, value] of header) {
    if (name === "__metadata__") {
      metadata = parseMetadata(value, fail);
      continue;
    }
    const { dtype, shape, begin, end } = parseEntry(name, value, fail);
    const elements = elementCount(shape, `${subject}: tensor ${shorten(name)}`);
    if (end - begin !== elements * dtypeSize(dtype)) {
      throw fail(
        `tensor ${shorten(name)} spans ${end - begin} bytes, its shape needs another number`,
      );
    }
    if (end > dataLength) {
      throw fail(`tensor ${shorten(name)} ends beyond the file; it may be truncated`);
    }
    entries.set(name, { dtype, shape, offset: dataStart + begin, elements });
    ranges.push({ name, begin, end });
  }
  let covered = 0;
  for (const { name, begin, end } of ranges.sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered) {
      throw fail(`tensor ${shorten(name)} leaves a hole or overlaps its neighbour`);
    }
    covered = end;
  }
  if (covered !== dataLength) throw fail(`${dataLength - covered} bytes belong to no tensor`);

  const tensor = (name: string): Tensor => {
    const entry = entries.get(name);
    if (entry === undefined) throw new DataError(subject, `has no tensor "${name}"`);
    const { dtype, shape, offset, elements } = entry;
    return { dtype, shape, data: viewElements(bytes, dtype, offset, elements) };
  };
  return {
    metadata,
    entries,
    tensor,
    tensors: () => new Map([...entries.keys()].map((name) => [name, tensor(name)])),
  };
}

type Fail = (problem: string) => DataError;

function parseHeader(bytes: Uint8Array, subject: string, fail: Fail): [string, unknown][] {
  if (bytes[0] !== 0x7b) throw fail("its header does not begin with {");
  const value = parseJsonBytes(bytes, `the header of ${subject}`, HEADER_LIMITS);
  const fields = Object.entries(value as Record<string, unknown>);
  if (countTopLevelKeys(new TextDecoder().decode(bytes)) !== fields.length) {
    throw fail("its header names a tensor twice");
  }
  return fields;
}

/** Keys of the outermost object of valid JSON, duplicates included (`JSON.parse` drops them). */
function countTopLevelKeys(json: string): number {
  const structure = /["[\]{}:]/g;
  let depth = 0;
  let colons = 0;
  for (let match = structure.exec(json); match !== null; match = structure.exec(json)) {
    const [character] = match;
    if (character === '"') structure.lastIndex = endOfString(json, structure.lastIndex) + 1;
    else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") depth--;
    else if (depth === 1) colons++;
  }
  return colons;
}

function parseMetadata(value: unknown, fail: Fail): Record<string, string> {
  const entries = isJsonObject(value) ? Object.entries(value) : undefined;
  if (!entries?.every((entry): entry is [string, string] => typeof entry[1] === "string")) {
    throw fail("__metadata__ must map strings to strings");
  }
  return Object.fromEntries(entries);
}

function parseEntry(name: string, value: unknown, fail: Fail) {
  if (!isJsonObject(value)) throw fail(`tensor ${shorten(name)} is not described by an object`);
  const dtype = typeof value.dtype === "string" ? DTYPES.get(value.dtype) : undefined;
  if (dtype === undefined) {
    throw fail(`tensor ${shorten(name)} has the unknown dtype ${describeValue(value.dtype)}`);
  }
  const { shape, data_offsets: range } = value;
  if (!isSizes(shape)) throw fail(`tensor ${shorten(name)} has no valid shape`);
  if (!isSizes(range) || range.length !== 2 || range[1] < range[0]) {
    throw fail(`tensor ${shorten(name)} has no valid data_offsets`);
  }
  return { dtype, shape, begin: range[0], end: range[1] };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
