/** What the operations of a program read and write. */
import type { TextureShape } from "./arena.ts";
import type { DeviceBuffer } from "./device.ts";

/** Type by which numbers are stored; kernels compute with float32 always. */
export type Storage = "f32" | "f16";

/** A virtual tensor of one program; the plan gives it a buffer. */
export interface PlannedTensor {
  readonly kind: "tensor";
  readonly id: number;
  readonly label: string;
  /** Of its numbers as float32, as all bytes of operands are; float16 takes half of it. */
  readonly bytes: number;
  readonly storage: Storage;
}

/** A virtual texture of one program. */
export interface PlannedTexture extends TextureShape {
  readonly kind: "texture";
  readonly id: number;
  readonly label: string;
}

/** A run of bytes of a tensor or buffer. */
export interface Slice {
  readonly kind: "slice";
  readonly of: PlannedTensor | DeviceBuffer;
  readonly offset: number;
  readonly bytes: number;
}

/** What a kernel reads or writes as a buffer. */
export type Operand = PlannedTensor | DeviceBuffer | Slice;

/** Bytes `[offset, offset + bytes)` of an operand. */
export function slice(operand: Operand, offset: number, bytes: number): Slice {
  const within = extent(operand);
  if (offset < 0 || offset + bytes > within.bytes) {
    throw new RangeError(`Bytes ${offset} to ${offset + bytes} are not in ${labelOf(operand)}`);
  }
  return { kind: "slice", of: within.of, offset: within.offset + offset, bytes };
}

/** The tensor or buffer that an operand is a run of bytes of, and the run. */
export function extent(
  operand: Operand,
): { of: PlannedTensor | DeviceBuffer } & Omit<Slice, "kind"> {
  return operand.kind === "slice" ? operand : { of: operand, offset: 0, bytes: operand.bytes };
}

/** Type by which an operand's numbers are stored. */
export function storageOf(operand: Operand): Storage {
  const { of } = extent(operand);
  return of.kind === "tensor" ? of.storage : "f32";
}

/** Bytes in memory of `bytes` that are counted as float32. */
export function storedBytes(storage: Storage, bytes: number): number {
  return storage === "f16" ? bytes / 2 : bytes;
}

/** What errors call it. */
export function labelOf(resource: Operand | PlannedTexture): string {
  return resource.kind === "slice" ? resource.of.label : resource.label;
}
