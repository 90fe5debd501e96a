/**
 * Buffers read as texels. Software adapters read storage textures in whole vectors, while a read of a
 * storage buffer is a loop over the lanes: with 256-bit vectors lavapipe takes fifteen times longer.
 */
import type { TextureShape } from "./arena.ts";
import type { Device, DeviceBuffer } from "./device.ts";
import { extent, type Operand, type PlannedTensor, type PlannedTexture } from "./operand.ts";
import { kernelTable } from "./tuning.ts";

/** log2 of the texels in a row. */
export const rowBits = 11;

/**
 * A list of `count` texels behind a row of zeros, so that a read of texel 0 stands for padding. No height
 * is a power of two: lavapipe compiles a shader anew for each mixture of those with others.
 */
export function listShape(count: number, zeroRows: number, longestSide: number): TextureShape {
  const rows = zeroRows + Math.ceil(count / 2 ** rowBits);
  const odd = Math.max(3, rows | 1);
  return { width: 2 ** rowBits, height: Math.max(rows, Math.min(odd, longestSide)), zeroRows };
}

/** Whether kernels of the device read buffers that are marked `// texels` as textures. */
export function readsTexels(device: Device): boolean {
  return kernelTable(device).convolution === "direct";
}

/** Bytes of the largest tensor: what a buffer holds, and a texture where kernels read texels. */
export function largestTensor(device: Device): number {
  const { maxBufferSize, maxTextureDimension2D } = device.limits;
  const texture = (maxTextureDimension2D - 1) * 2 ** rowBits * 16;
  return readsTexels(device) ? Math.min(maxBufferSize, texture) : maxBufferSize;
}

interface Copy {
  offset: number;
  bytes: number;
  texture: PlannedTexture;
}

/** Which operands have a copy as texels that nothing has overwritten since. */
export class TexelCopies {
  readonly #copies = new Map<PlannedTensor | DeviceBuffer, Copy[]>();

  find(operand: Operand): PlannedTexture | undefined {
    const { of, offset, bytes } = extent(operand);
    return this.#copies.get(of)
      ?.find((copy) => copy.offset === offset && copy.bytes >= bytes)?.texture;
  }

  add(operand: Operand, texture: PlannedTexture): void {
    const { of, offset, bytes } = extent(operand);
    this.#copies.set(of, [...this.#copies.get(of) ?? [], { offset, bytes, texture }]);
  }

  /** Forgets copies of what an operation writes. */
  overwritten(operand: Operand): void {
    const { of, offset, bytes } = extent(operand);
    const copies = this.#copies.get(of);
    if (!copies) return;
    const apart = (copy: Copy) =>
      copy.offset + copy.bytes <= offset || offset + bytes <= copy.offset;
    this.#copies.set(of, copies.filter(apart));
  }
}
