/**
 * PyTorch checkpoints (`.pt`, `.pth`, `.pth.tar`): ZIP archives since version 1.6, and before it
 * streams of pickles, as which torchvision's older weights are still distributed.
 *
 * Reading calls nothing that a file names: a few globals are known, all others are refused.
 */
import { DataError } from "../errors.ts";
import { describeValue, shorten } from "./describe_value.ts";
import { PickleDict, unpickle } from "./pickle.ts";
import {
  checkTensor,
  type Dtype,
  dtypeSize,
  isTensor,
  type Tensor,
  tensorBytes,
} from "./tensor.ts";
import { CheckpointMachine, STORAGE_DTYPES, type TorchValue } from "./torch_storage.ts";
import { isZip, readZip, writeZip, writeZipParts, type ZipContent } from "./zip.ts";

export type { TorchValue };

/** The first pickle of the old stream format is this number. */
const STREAM_MAGIC = 0x1950a86a20f9469cfc6cn;
const STREAM_PROTOCOL = 1001;

/**
 * Reads all values of a checkpoint: tensors, dictionaries (Maps), lists, text and numbers.
 * Contiguous tensors are views, of the file or of a storage that they share with others.
 *
 * @param subject the file's name for errors
 * @throws {DataError} when it is no checkpoint, is truncated or corrupt, has wrong sizes, or names a
 * class or function that is not known to be harmless
 */
export function readTorch(bytes: Uint8Array<ArrayBuffer>, subject: string): TorchValue {
  const machine = new CheckpointMachine(subject, bytes.length);
  if (isZip(bytes)) return readArchive(bytes, subject, machine);
  if (bytes[0] === 0x80) return readStream(bytes, subject, machine);
  throw new DataError(
    subject,
    "is not a PyTorch checkpoint: it begins neither like a ZIP archive nor like a pickle",
  );
}

/** Entries under which trainings keep the state dict, the first that is there. */
const STATE_DICT_KEYS = ["model", "state_dict", "model_state_dict", "net"];

/**
 * The named tensors of a checkpoint: an entry of {@link STATE_DICT_KEYS}, the only entry that is a
 * dictionary of tensors, or the value itself; without the prefixes of wrappers.
 *
 * @throws {DataError} when there is no such dictionary, or several
 */
export function stateDict(value: TorchValue, subject: string): Map<string, Tensor> {
  const dict = findStateDict(value, subject);
  if (!(dict instanceof PickleDict) || dict.size === 0) {
    throw new DataError(subject, "holds no state dict (a dictionary of tensors by parameter name)");
  }
  const tensors = new Map<string, Tensor>();
  for (const [key, tensor] of dict) {
    if (!isTensor(tensor)) {
      throw new DataError(subject, `its state dict entry ${describeValue(key)} is no tensor`);
    }
    tensors.set(String(key), tensor);
  }
  return unwrapNames(tensors);
}

function findStateDict(value: TorchValue, subject: string): TorchValue {
  if (!(value instanceof PickleDict)) return value;
  for (const key of STATE_DICT_KEYS) {
    const inner: TorchValue | undefined = value.get(key);
    if (inner instanceof PickleDict) return inner;
  }
  const candidates: [string | number, TorchValue][] = [];
  const seen = new Set<TorchValue>();
  for (const [key, inner] of value) {
    if (!(inner instanceof PickleDict) || inner.size === 0 || seen.has(inner)) continue;
    seen.add(inner);
    if (![...inner.values()].every(isTensor)) continue;
    candidates.push([key, inner]);
    if (candidates.length === 2) {
      const names = candidates.map(([key]) => describeValue(key)).join(", ");
      throw new DataError(
        subject,
        `holds several state dicts (${names}); save the one to use alone`,
      );
    }
  }
  return candidates.length === 1 ? candidates[0][1] : value;
}

/** Prefixes of `DataParallel`, `torch.compile`, and of modules that hold the network as their only part. */
const WRAPPER_PREFIXES = ["module.", "_orig_mod.", "model.", "net."];

/** Count that `AveragedModel` keeps next to the averaged `module`. */
const AVERAGED_COUNT = "n_averaged";

/** Drops the prefixes of wrappers that all names share, one inside another, and the count of averaging. */
export function unwrapNames(tensors: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  let names = [...tensors.keys()];
  let unwrapped = new Map(tensors);
  for (;;) {
    const networks = names.filter((name) => name !== AVERAGED_COUNT);
    const prefix = WRAPPER_PREFIXES.find((prefix) =>
      (networks.length === names.length || prefix === "module.") &&
      networks.every((name) => name.startsWith(prefix))
    );
    if (networks.length === 0 || prefix === undefined) return unwrapped;
    unwrapped = new Map(
      networks.map((name) => [name.slice(prefix.length), unwrapped.get(name)!]),
    );
    names = [...unwrapped.keys()];
  }
}

/** A value that {@link writeTorch} can write. Numbers are integers: PyTorch 1.13 refuses floats. */
type WritableValue =
  | Tensor
  | string
  | number
  | boolean
  | ReadonlyMap<string, WritableValue>
  | { readonly [key: string]: WritableValue };

/**
 * The bytes of a checkpoint that `torch.load` accepts, also with `weights_only=True` and `mmap=True`, from
 * PyTorch 1.13 on. Equal values give equal bytes.
 *
 * @throws {RangeError} on a number that is no safe integer, and on unsigned dtypes other than uint8
 * @throws {DataError} when a tensor's data disagree with its dtype or shape
 */
export function writeTorch(value: WritableValue): Uint8Array<ArrayBuffer> {
  return writeZip(listEntries(value));
}

/** {@link writeTorch} in consecutive parts, of which the large ones are the tensors' own memory. */
export function writeTorchParts(value: WritableValue): Uint8Array<ArrayBuffer>[] {
  return writeZipParts(listEntries(value));
}

function listEntries(value: WritableValue): ZipContent[] {
  const writer = new PickleWriter();
  const pickle = writer.write(value);
  return [
    { name: "archive/data.pkl", bytes: pickle },
    { name: "archive/byteorder", bytes: new TextEncoder().encode("little") },
    ...writer.tensors.map((tensor, i) => ({
      name: `archive/data/${i}`,
      bytes: tensorBytes(tensor),
    })),
    { name: "archive/version", bytes: new TextEncoder().encode("3\n") },
  ];
}

function readArchive(
  bytes: Uint8Array<ArrayBuffer>,
  subject: string,
  machine: CheckpointMachine,
): TorchValue {
  const archive = readZip(bytes, subject);
  const pickleName = archive.names.find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickleName === undefined) {
    throw new DataError(subject, "is a ZIP archive but no PyTorch checkpoint: it has no data.pkl");
  }
  const folder = pickleName.slice(0, -"data.pkl".length);
  if (archive.names.includes(`${folder}byteorder`)) {
    const order = new TextDecoder().decode(archive.read(`${folder}byteorder`));
    if (order !== "little") {
      throw new DataError(subject, `has ${shorten(order)}-endian data; save it anew`);
    }
  }
  const { value } = unpickle(archive.read(pickleName), 0, machine, subject);
  for (const storage of machine.storages.values()) {
    storage.fill(archive.read(`${folder}data/${storage.key}`), subject);
  }
  machine.fillTensors();
  return value;
}

function readStream(
  bytes: Uint8Array<ArrayBuffer>,
  subject: string,
  machine: CheckpointMachine,
): TorchValue {
  let at = 0;
  const next = () => {
    const { value, end } = unpickle(bytes, at, machine, subject);
    at = end;
    return value;
  };
  if (next() !== STREAM_MAGIC || next() !== STREAM_PROTOCOL) {
    throw new DataError(subject, "is a pickle but no PyTorch checkpoint");
  }
  const system = next();
  if (!(system instanceof PickleDict) || system.get("little_endian") !== true) {
    throw new DataError(subject, "has big-endian data; save it anew on another machine");
  }
  const value = next();
  const keys = next();
  if (!Array.isArray(keys)) throw new DataError(subject, "has no list of storages");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const key of keys) {
    const storage = typeof key === "string" ? machine.storages.get(key) : undefined;
    if (storage === undefined) {
      throw new DataError(subject, `has an unused storage ${describeValue(key)}`);
    }
    if (at + 8 > bytes.length) throw new DataError(subject, "is truncated");
    const elements = Number(view.getBigInt64(at, true));
    if (elements !== storage.elements) {
      throw new DataError(subject, `claims two sizes for storage ${describeValue(key)}`);
    }
    const start = at + 8;
    at = start + elements * dtypeSize(storage.dtype);
    if (at > bytes.length) throw new DataError(subject, "is truncated");
    storage.fill(bytes.subarray(start, at), subject);
  }
  machine.fillTensors();
  return value;
}

const STORAGE_CLASSES: ReadonlyMap<Dtype, string> = new Map(
  [...STORAGE_DTYPES].map(([name, dtype]) => [dtype, name]),
);

/** Pickles of protocol 2 with the opcodes that PyTorch's own checkpoints use. */
class PickleWriter {
  readonly tensors: Tensor[] = [];
  readonly #bytes: number[] = [];

  write(value: WritableValue): Uint8Array<ArrayBuffer> {
    this.#op("\x80\x02");
    this.#value(value);
    this.#op(".");
    return Uint8Array.from(this.#bytes);
  }

  #value(value: WritableValue): void {
    if (typeof value === "string") this.#text(value);
    else if (typeof value === "boolean") this.#op(value ? "\x88" : "\x89");
    else if (typeof value === "number") this.#integer(value);
    else if (isTensor(value)) this.#tensor(value);
    else this.#dict(value instanceof Map ? [...value] : Object.entries(value));
  }

  #dict(entries: [string, WritableValue][]): void {
    this.#op("}(");
    for (const [key, value] of entries) {
      this.#text(key);
      this.#value(value);
    }
    this.#op("u");
  }

  /** `_rebuild_tensor_v2(storage, offset, sizes, strides, requires_grad, hooks)`. */
  #tensor(tensor: Tensor): void {
    const storageClass = STORAGE_CLASSES.get(tensor.dtype);
    if (storageClass === undefined) {
      throw new RangeError(`PyTorch has no storage for ${tensor.dtype}`);
    }
    const key = String(this.tensors.length);
    checkTensor(tensor, `tensor ${key}`);
    this.tensors.push(tensor);
    this.#op("ctorch._utils\n_rebuild_tensor_v2\n(");
    this.#op("(");
    this.#text("storage");
    this.#op(`ctorch\n${storageClass}\n`);
    this.#text(key);
    this.#text("cpu");
    this.#integer(tensor.data.length);
    this.#op("tQ");
    this.#integer(0);
    this.#tuple(tensor.shape);
    this.#tuple(packedStrides(tensor.shape));
    this.#op("\x89ccollections\nOrderedDict\n)RtR");
  }

  #tuple(values: readonly number[]): void {
    this.#op("(");
    for (const value of values) this.#integer(value);
    this.#op("t");
  }

  #integer(value: number): void {
    if (!Number.isSafeInteger(value)) {
      throw new RangeError(`A checkpoint cannot hold the number ${value}; put it into a tensor`);
    }
    if (value === (value | 0)) {
      this.#op("J");
      this.#u32(value >>> 0);
      return;
    }
    this.#op("\x8a\x08");
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
    this.#bytes.push(...bytes);
  }

  #text(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.#op("X");
    this.#u32(bytes.length);
    for (const byte of bytes) this.#bytes.push(byte);
  }

  #u32(value: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.#bytes.push(value >>> shift & 0xff);
  }

  /** Opcodes, and the text that follows some of them, as Latin-1. */
  #op(code: string): void {
    for (let i = 0; i < code.length; i++) this.#bytes.push(code.charCodeAt(i));
  }
}

function packedStrides(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (const size of shape.toReversed()) {
    strides.unshift(stride);
    stride *= Math.max(1, size);
  }
  return strides;
}
