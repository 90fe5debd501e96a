/**
 * The objects that a checkpoint's pickle can create: dictionaries, tensors over storages, and the plain
 * values that PyTorch reads with `weights_only=True`. It may name no other class or function.
 */
import { DataError } from "../errors.ts";
import { describeValue, shorten } from "./describe_value.ts";
import { PickleDict, PickleGlobal, type PickleMachine, type PickleValue } from "./pickle.ts";
import {
  ARRAY_OF,
  type Dtype,
  dtypeSize,
  elementCount,
  isTensor,
  MAX_RANK,
  type Tensor,
  type TensorData,
  viewElements,
} from "./tensor.ts";

/** Dtypes of the storage classes of `torch` and `torch.cuda`. */
export const STORAGE_DTYPES: ReadonlyMap<string, Dtype> = new Map([
  ["DoubleStorage", "float64"],
  ["FloatStorage", "float32"],
  ["HalfStorage", "float16"],
  ["BFloat16Storage", "bfloat16"],
  ["LongStorage", "int64"],
  ["IntStorage", "int32"],
  ["ShortStorage", "int16"],
  ["CharStorage", "int8"],
  ["ByteStorage", "uint8"],
  ["BoolStorage", "bool"],
]);

const ORDERED_DICT = "collections.OrderedDict";
const COUNTER = "collections.Counter";
const REBUILD_TENSOR = "torch._utils._rebuild_tensor";
const REBUILD_TENSOR_V2 = "torch._utils._rebuild_tensor_v2";
const REBUILD_PARAMETER = "torch._utils._rebuild_parameter";
const REBUILD_PARAMETER_WITH_STATE = "torch._utils._rebuild_parameter_with_state";
const REBUILD_FROM_TYPE = "torch._tensor._rebuild_from_type_v2";
const PARAMETER = "torch.nn.parameter.Parameter";
const TENSOR = "torch.Tensor";
const SIZE = "torch.Size";
const DEVICE = "torch.device";
const ENCODE = "_codecs.encode";
/** Protocol 2 names Python 3's `builtins` as Python 2 did. */
const SET = /^(__builtin__|builtins)\.set$/;
const BYTEARRAY = /^(__builtin__|builtins)\.bytearray$/;
const KNOWN_GLOBALS = new Set([
  ORDERED_DICT,
  COUNTER,
  REBUILD_TENSOR,
  REBUILD_TENSOR_V2,
  REBUILD_PARAMETER,
  REBUILD_PARAMETER_WITH_STATE,
  REBUILD_FROM_TYPE,
  PARAMETER,
  TENSOR,
  SIZE,
  DEVICE,
  ENCODE,
]);
const REBUILD = /^torch\._utils\._rebuild_(tensor|tensor_v2|parameter)$/;
/** A dtype as a value, such as `torch.bfloat16`; it is never called. */
const DTYPE_NAME = /^torch\.(float(16|32|64)|bfloat16|u?int(8|16|32|64)|bool|complex(64|128))$/;
const STORAGE_NAME = /^torch\.(?:cuda\.)?(\w+)$/;

/** Non-contiguous views are copied, up to this many bytes beyond four times the file. */
const COPY_ALLOWANCE = 64 * 2 ** 20;
/** Values that calls may copy or make, for each byte of the file and beyond: real files need less than one. */
const VALUES_PER_BYTE = 4;
const VALUES_ALLOWANCE = 100_000;

/** A value of a checkpoint. */
export type TorchValue = PickleValue<Tensor | StorageSlice>;

/** Memory that tensors are views of; it is filled after the pickle was read. */
class Storage {
  data?: TensorData;

  constructor(readonly key: string, readonly dtype: Dtype, readonly elements: number) {}

  /** @throws {DataError} when the bytes are not as many as declared */
  fill(bytes: Uint8Array<ArrayBuffer>, subject: string): void {
    const expected = this.elements * dtypeSize(this.dtype);
    if (bytes.length !== expected) {
      throw new DataError(
        subject,
        `storage "${shorten(this.key)}" has ${bytes.length} bytes where ${expected} are declared`,
      );
    }
    this.data = viewElements(bytes, this.dtype, 0, this.elements);
  }
}

/** The part of a storage that a tensor refers to: all of it, or a range as in old files. */
class StorageSlice {
  constructor(readonly storage: Storage, readonly start: number, readonly elements: number) {}
}

/** A tensor whose data are not yet there, and its position in a storage. */
interface PendingTensor {
  tensor: Tensor;
  storage: Storage;
  offset: number;
  strides: readonly number[];
}

/** Creates the tensors and dictionaries of one checkpoint. */
export class CheckpointMachine implements PickleMachine<Tensor | StorageSlice> {
  readonly storages = new Map<string, Storage>();
  readonly #pending: PendingTensor[] = [];
  #copyBudget: number;
  #valueBudget: number;

  /** @param fileBytes size of the checkpoint, which limits how much is copied */
  constructor(readonly subject: string, fileBytes: number) {
    this.#copyBudget = 4 * fileBytes + COPY_ALLOWANCE;
    this.#valueBudget = VALUES_PER_BYTE * fileBytes + VALUES_ALLOWANCE;
  }

  checkGlobal(global: string): void {
    if (KNOWN_GLOBALS.has(global) || storageDtype(global) !== undefined) return;
    if (SET.test(global) || BYTEARRAY.test(global) || DTYPE_NAME.test(global)) return;
    throw this.#fail(
      `names ${shorten(global)}, which is not known to be harmless; save only its state dict`,
    );
  }

  construct(global: string, args: readonly TorchValue[]): TorchValue {
    const [first] = args;
    if (BYTEARRAY.test(global)) return this.#bytes(args);
    // A set becomes a list.
    if (SET.test(global)) return this.#list(global, first);
    switch (global) {
      case ORDERED_DICT:
        return this.#orderedDict(args);
      case COUNTER:
        if (args.length === 0) return new PickleDict<Tensor | StorageSlice>();
        if (first instanceof PickleDict) return first;
        break;
      case SIZE:
        return Object.freeze(this.#list(global, first));
      case DEVICE:
        // As PyTorch writes it: `cuda:0`.
        if (args.length > 0 && args.every((arg) => /string|number/.test(typeof arg))) {
          return shorten(args.join(":"));
        }
        break;
      case ENCODE:
        return this.#bytes(args);
      case REBUILD_TENSOR:
      case REBUILD_TENSOR_V2:
        return this.#tensor(args);
      case REBUILD_PARAMETER:
      case REBUILD_PARAMETER_WITH_STATE:
        if (isTensor(first)) return first;
        break;
      case REBUILD_FROM_TYPE: {
        // (function, class, its arguments, attributes): a tensor with attributes of its own.
        const inner = args[2];
        if (first instanceof PickleGlobal && REBUILD.test(first.name) && Array.isArray(inner)) {
          return this.construct(first.name, inner);
        }
        break;
      }
      case PARAMETER:
        // Before 0.4 a parameter was made empty and got its tensor as state.
        if (args.length === 0) return null;
        if (isTensor(first)) return first;
        break;
    }
    throw this.#fail(`calls ${global} with arguments that do not fit`);
  }

  setState(value: TorchValue, state: TorchValue): TorchValue {
    if (value instanceof PickleDict) return value;
    if (Array.isArray(state) && isTensor(state[0])) return state[0];
    if (isTensor(value)) return value;
    throw this.#fail("sets the state of something that has none");
  }

  resolvePersistentId(id: TorchValue): StorageSlice {
    const [tag, type, key, , count, view] = Array.isArray(id) ? id : [];
    const dtype = type instanceof PickleGlobal ? storageDtype(type.name) : undefined;
    if (tag !== "storage" || typeof key !== "string" || dtype === undefined) {
      throw this.#fail("refers to something that is no storage");
    }
    const elements = this.#size(count);
    let storage = this.storages.get(key);
    if (storage === undefined) {
      storage = new Storage(key, dtype, elements);
      this.storages.set(key, storage);
    } else if (storage.dtype !== dtype || storage.elements !== elements) {
      throw this.#fail(`describes storage "${shorten(key)}" in two ways`);
    }
    if (!Array.isArray(view)) return new StorageSlice(storage, 0, elements);
    const [start, length] = [this.#size(view[1]), this.#size(view[2])];
    if (start + length > elements) throw this.#fail(`has a view beyond storage "${shorten(key)}"`);
    return new StorageSlice(storage, start, length);
  }

  /**
   * Gives every tensor its data, after all storages were filled.
   *
   * @throws {DataError} when a storage is missing, or views need far more memory than the file
   */
  fillTensors(): void {
    for (const pending of this.#pending) pending.tensor.data = this.#gather(pending);
  }

  #orderedDict(args: readonly TorchValue[]): TorchValue {
    const dict = new PickleDict<Tensor | StorageSlice>();
    const pairs = args[0] ?? [];
    if (!Array.isArray(pairs)) throw this.#fail(`calls ${ORDERED_DICT} with what is no list`);
    this.#spendValues(pairs.length);
    for (const pair of pairs) {
      if (!Array.isArray(pair) || pair.length !== 2) throw this.#fail("has an item without value");
      const [key, value] = pair;
      if (typeof key !== "string" && typeof key !== "number") {
        throw this.#fail(`has ${describeValue(key)} where a name belongs`);
      }
      dict.set(String(key), value);
    }
    return dict;
  }

  /** A list, or none, as the argument of a set or a shape. */
  #list(global: string, items: TorchValue | undefined): TorchValue[] {
    if (items === undefined) return [];
    if (!Array.isArray(items)) throw this.#fail(`calls ${global} with what is no list`);
    this.#spendValues(items.length);
    return [...items];
  }

  /** A file can name one long list many times: what its calls copy in all is limited. */
  #spendValues(count: number): void {
    this.#valueBudget -= count;
    if (this.#valueBudget < 0) {
      throw this.#fail("would need far more memory than the file has data");
    }
  }

  /** Protocol 2 has no bytes: they are text of as many characters, and the encoding `latin1`. */
  #bytes([text, encoding]: readonly TorchValue[]): Uint8Array {
    if (text === undefined) return new Uint8Array();
    if (text instanceof Uint8Array && encoding === undefined) return text;
    const latin1 = typeof text === "string" && typeof encoding === "string" &&
      /^latin-?1$/.test(encoding);
    if (latin1) this.#spendValues(text.length);
    const bytes = latin1
      ? Uint8Array.from(text, (character) => character.charCodeAt(0))
      : undefined;
    if (bytes?.every((byte, i) => byte === (text as string).charCodeAt(i))) return bytes;
    throw this.#fail("has bytes in an unknown encoding");
  }

  #tensor([slice, offset, sizes, steps]: readonly TorchValue[]): Tensor {
    if (!(slice instanceof StorageSlice)) throw this.#fail("has a tensor without storage");
    const start = this.#size(offset);
    const shape = this.#sizes(sizes);
    const strides = this.#sizes(steps);
    if (shape.length !== strides.length) {
      throw this.#fail(`has a tensor with ${shape.length} sizes and ${strides.length} strides`);
    }
    const empty = elementCount(shape, this.subject) === 0;
    const last = shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis], start);
    if (!empty && last >= slice.elements) {
      throw this.#fail(
        `has a tensor [${shape.join(", ")}] that reaches beyond its storage of ${slice.elements}`,
      );
    }
    const { storage } = slice;
    const tensor: Tensor = { dtype: storage.dtype, shape, data: new ARRAY_OF[storage.dtype](0) };
    this.#pending.push({ tensor, storage, offset: slice.start + start, strides });
    return tensor;
  }

  /** The elements of a tensor in row-major order: a view where they are contiguous, else a copy. */
  #gather({ tensor: { shape }, storage, offset, strides }: PendingTensor): TensorData {
    const { data } = storage;
    if (data === undefined) {
      throw this.#fail(`lacks storage "${shorten(storage.key)}"; it may be truncated`);
    }
    const count = elementCount(shape, this.subject);
    if (count === 0) return new ARRAY_OF[storage.dtype](0);
    if (isContiguous(shape, strides)) return data.subarray(offset, offset + count);
    this.#copyBudget -= count * dtypeSize(storage.dtype);
    if (this.#copyBudget < 0) {
      throw this.#fail("has views that would need far more memory than the file has data");
    }
    const packed = new ARRAY_OF[storage.dtype](count);
    const index = shape.map(() => 0);
    let from = offset;
    for (let to = 0; to < count; to++) {
      packed[to] = data[from];
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        from += strides[axis];
        if (++index[axis] < shape[axis]) break;
        from -= shape[axis] * strides[axis];
        index[axis] = 0;
      }
    }
    return packed;
  }

  #sizes(value: TorchValue): number[] {
    if (!Array.isArray(value)) throw this.#fail("has a tensor without shape");
    if (value.length > MAX_RANK) throw this.#fail(`has a tensor of ${value.length} axes`);
    return value.map((size) => this.#size(size));
  }

  #size(value: TorchValue): number {
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
      throw this.#fail(`has ${describeValue(value)} where a size belongs`);
    }
    return value;
  }

  #fail(problem: string): DataError {
    return new DataError(this.subject, problem);
  }
}

/** Whether elements follow each other in row-major order; axes of one element have any stride. */
function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis];
  }
  return true;
}

function storageDtype(global: string): Dtype | undefined {
  const name = STORAGE_NAME.exec(global)?.[1];
  return name === undefined ? undefined : STORAGE_DTYPES.get(name);
}
