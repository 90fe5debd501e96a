/** Tensors as files hold them: a dtype, a shape and a flat row-major array. */
import { DataError } from "../errors.ts";

/** Element types, by PyTorch's names. */
export type Dtype =
  | "float64"
  | "float32"
  | "float16"
  | "bfloat16"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "uint64"
  | "uint32"
  | "uint16"
  | "uint8"
  | "bool";

/** The arrays that hold elements, one class a dtype: see {@link ARRAY_OF}. */
export type TensorData =
  | Float64Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float16Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

export interface Tensor {
  dtype: Dtype;
  /** `[]` for a scalar. */
  shape: readonly number[];
  /** Row-major. `bfloat16` is raw bits in a Uint16Array, `bool` 0 or 1 in a Uint8Array. */
  data: TensorData;
}

/** Whether a value read from a file is a tensor. */
export function isTensor(value: unknown): value is Tensor {
  return typeof value === "object" && value !== null && "data" in value &&
    ArrayBuffer.isView(value.data) && "dtype" in value && "shape" in value;
}

type TensorDataConstructor = {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): TensorData;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): TensorData;
};

/** The array class that holds each dtype. */
export const ARRAY_OF: Readonly<Record<Dtype, TensorDataConstructor>> = {
  float64: Float64Array,
  float32: Float32Array,
  float16: Float16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint64: BigUint64Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** Bytes of one element. */
export function dtypeSize(dtype: Dtype): number {
  return ARRAY_OF[dtype].BYTES_PER_ELEMENT;
}

/** Axes of a tensor, as many as PyTorch allows. */
export const MAX_RANK = 64;

/**
 * Number of elements of a shape.
 *
 * @throws {DataError} when it has more than 64 axes, a size is no safe integer from 0 on, or the product
 * is none
 */
export function elementCount(shape: readonly number[], subject: string): number {
  if (shape.length > MAX_RANK) throw new DataError(subject, `has ${shape.length} axes`);
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new DataError(subject, `has the impossible shape [${shape.join(", ")}]`);
    }
    count *= size;
  }
  if (!Number.isSafeInteger(count)) {
    throw new DataError(subject, `has the impossible shape [${shape.join(", ")}]`);
  }
  return count;
}

/**
 * Checks that `data` is of the array class of its dtype and has as many elements as the shape.
 *
 * @throws {DataError} when it isn't or hasn't
 */
export function checkTensor(tensor: Tensor, subject: string): void {
  const expected = ARRAY_OF[tensor.dtype];
  if (expected === undefined || !(tensor.data instanceof expected)) {
    throw new DataError(subject, `${tensor.dtype} does not fit a ${tensor.data.constructor.name}`);
  }
  const count = elementCount(tensor.shape, subject);
  if (count !== tensor.data.length) {
    throw new DataError(
      subject,
      `shape [${tensor.shape.join(", ")}] needs ${count} elements, data hold ${tensor.data.length}`,
    );
  }
}

/** A tensor's memory as bytes, without copying. */
export function tensorBytes(tensor: Tensor): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = tensor.data;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** `count` elements from byte `offset` on: a view where they are aligned, a copy otherwise. */
export function viewElements(
  bytes: Uint8Array<ArrayBuffer>,
  dtype: Dtype,
  offset: number,
  count: number,
): TensorData {
  const ArrayClass = ARRAY_OF[dtype];
  const start = bytes.byteOffset + offset;
  if (start % ArrayClass.BYTES_PER_ELEMENT === 0) return new ArrayClass(bytes.buffer, start, count);
  const copy = bytes.slice(offset, offset + count * ArrayClass.BYTES_PER_ELEMENT);
  return new ArrayClass(copy.buffer, 0, count);
}

/** Values as float32; the tensor's own array when it is float32 already. */
export function toFloat32(tensor: Tensor): Float32Array<ArrayBuffer> {
  const { dtype, data } = tensor;
  if (data instanceof Float32Array) return data;
  const values = new Float32Array(data.length);
  if (dtype === "bfloat16") {
    const bits = new Uint32Array(values.buffer);
    for (let i = 0; i < bits.length; i++) bits[i] = Number(data[i]) << 16;
    return values;
  }
  for (let i = 0; i < values.length; i++) values[i] = Number(data[i]);
  return values;
}
