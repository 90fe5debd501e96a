/** The operations of a program, and for how long they need each tensor and texture. */
import type { TextureShape } from "./arena.ts";
import { labelOf, type Operand, type PlannedTexture } from "./operand.ts";
import { type Lifetime, place } from "./plan.ts";

export interface DispatchOperation {
  kind: "dispatch";
  label: string;
  kernel: string;
  entry: string;
  code: string;
  bindings: { binding: number; bound: Operand | PlannedTexture; writes: boolean }[];
  workgroups: [number, number, number];
}

interface CopyOperation {
  kind: "copy";
  label: string;
  from: Operand;
  to: Operand;
}

/** Copies vectors into the texels of a texture, row after row behind its zero rows. */
interface UploadOperation {
  kind: "upload";
  label: string;
  from: Operand;
  to: PlannedTexture;
}

interface ClearOperation {
  kind: "clear";
  label: string;
  to: Operand;
}

export type Operation = DispatchOperation | CopyOperation | UploadOperation | ClearOperation;

/** @throws {TypeError} when a dispatch reads and writes one place, or writes it twice */
export function checkAliasing(
  name: string,
  bound: readonly { bound: Operand | PlannedTexture; writes: boolean }[],
): void {
  const target = (r: Operand | PlannedTexture) => r.kind === "slice" ? r.of : r;
  bound.forEach((a, i) => {
    for (const b of bound.slice(i + 1)) {
      if (target(a.bound) !== target(b.bound) || !(a.writes || b.writes)) continue;
      const bothWrite = a.writes && b.writes;
      if (bothWrite && a.bound.kind === "slice" && b.bound.kind === "slice") {
        const apart = a.bound.offset + a.bound.bytes <= b.bound.offset ||
          b.bound.offset + b.bound.bytes <= a.bound.offset;
        if (apart) continue;
      }
      throw new TypeError(`${name} reads and writes ${labelOf(a.bound)} through two bindings`);
    }
  });
}

/**
 * From where to where each tensor and texture is in use; undefined where nothing uses it.
 *
 * @throws {TypeError} when something is read before it is written
 */
export function lifetimesOf(
  operations: readonly Operation[],
  counts: { tensors: number; textures: number },
): { tensors: (Lifetime | undefined)[]; textures: (Lifetime | undefined)[] } {
  const tensors: (Lifetime | undefined)[] = new Array(counts.tensors).fill(undefined);
  const textures: (Lifetime | undefined)[] = new Array(counts.textures).fill(undefined);
  const touch = (resource: Operand | PlannedTexture, at: number, writes: boolean) => {
    const target = resource.kind === "slice" ? resource.of : resource;
    if (target.kind === "buffer") return;
    const lives = target.kind === "texture" ? textures : tensors;
    const life = lives[target.id];
    if (life) life.last = at;
    else if (!writes) {
      throw new TypeError(`"${target.label}" is read before anything writes it`);
    } else {
      const size = target.kind === "texture" ? 0 : target.bytes;
      lives[target.id] = { size, first: at, last: at };
    }
  };
  operations.forEach((operation, at) => {
    if (operation.kind === "dispatch") {
      for (const { bound, writes } of operation.bindings) touch(bound, at, writes);
    } else {
      if (operation.kind !== "clear") touch(operation.from, at, false);
      touch(operation.to, at, true);
    }
  });
  return { tensors, textures };
}

/** Of a tensor that nothing uses. */
export const unused: Lifetime = { size: 0, first: 0, last: -1 };

/** Textures share memory with others of the same width and rows of zeros, as high as the highest. */
export function placeTextures(
  textures: readonly PlannedTexture[],
  lives: readonly (Lifetime | undefined)[],
): { slots: number[]; shapes: TextureShape[] } {
  const slots: number[] = [];
  const shapes: TextureShape[] = [];
  const groups = new Map<string, PlannedTexture[]>();
  for (const texture of textures) {
    if (!lives[texture.id]) continue;
    const key = `${texture.width} ${texture.zeroRows}`;
    groups.set(key, [...groups.get(key) ?? [], texture]);
  }
  for (const group of groups.values()) {
    const placed = place(
      group.map((texture) => ({ ...lives[texture.id]!, size: texture.height })),
    );
    group.forEach((texture, i) => slots[texture.id] = shapes.length + placed.slots[i]);
    const [{ width, zeroRows }] = group;
    shapes.push(...placed.sizes.map((height) => ({ width, height, zeroRows })));
  }
  return { slots, shapes };
}
