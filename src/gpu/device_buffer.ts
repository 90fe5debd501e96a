/** Buffers on the device that outlive any one program, and ranges of them. */

/** Weights, a data set, the losses of an epoch. */
export interface DeviceBuffer {
  readonly kind: "buffer";
  readonly label: string;
  /** Bytes, a multiple of 4. */
  readonly bytes: number;
  readonly gpu: GPUBuffer;
}

/** A buffer, or bytes `[offset, offset + bytes)` of one. */
export type BufferRange = DeviceBuffer | {
  readonly kind: "slice";
  readonly of: DeviceBuffer;
  readonly offset: number;
  readonly bytes: number;
};

/** The buffer that a range is of, and its first byte there. */
export function locate(range: BufferRange): { of: DeviceBuffer; first: number } {
  return range.kind === "slice" ? { of: range.of, first: range.offset } : { of: range, first: 0 };
}
