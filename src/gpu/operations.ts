/** The operations of a program, and for how long they need each tensor and texture. */
import type { TextureShape } from "./arena.ts";
import type { Kernel } from "./kernel.ts";
import { type Operand, type PlannedTexture, storedBytes } from "./operand.ts";
import { type Lifetime, place } from "./plan.ts";
import type { Constants } from "./wgsl/specialise.ts";

/** An operand or texture at a binding of a kernel. */
export interface Bound {
  /** Of the binding. */
  name: string;
  binding: number;
  bound: Operand | PlannedTexture;
  writes: boolean;
}

export interface DispatchOperation {
  kind: "dispatch";
  label: string;
  /** Name of kernel and entry point. */
  kernel: string;
  entry: string;
  /** What `code` is made of. */
  source: { kernel: Kernel; constants: Constants; halves?: readonly string[] };
  code: string;
  bindings: Bound[];
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

/** A place that a dispatch reads and writes, or writes twice, through two bindings. */
export function findAliased(
  bound: readonly Pick<Bound, "bound" | "writes">[],
): Operand | PlannedTexture | undefined {
  const target = (r: Operand | PlannedTexture) => r.kind === "slice" ? r.of : r;
  return bound.find((a, i) =>
    bound.slice(i + 1).some((b) => {
      if (target(a.bound) !== target(b.bound) || !(a.writes || b.writes)) return false;
      const bothWrite = a.writes && b.writes;
      if (bothWrite && a.bound.kind === "slice" && b.bound.kind === "slice") {
        return a.bound.offset + a.bound.bytes > b.bound.offset &&
          b.bound.offset + b.bound.bytes > a.bound.offset;
      }
      return true;
    })
  )?.bound;
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
      const size = target.kind === "texture" ? 0 : storedBytes(target.storage, target.bytes);
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
