/** Sizes of WGSL's types in storage buffers, by the rules of the language for alignment. */
import type { Declaration } from "./declarations.ts";
import { isGroup, print, split } from "./tokens.ts";

interface Size {
  /** Bytes. */
  size: number;
  align: number;
}

const scalar: Size = { size: 4, align: 4 };
const vectors: Readonly<Record<string, Size>> = {
  2: { size: 8, align: 8 },
  3: { size: 12, align: 16 },
  4: { size: 16, align: 16 },
};

/** Size of an array's element, undefined of types that no kernel stores. */
export function sizeOf(type: string, declarations: readonly Declaration[]): Size | undefined {
  const atomic = /^atomic<(\w+)>$/.exec(type)?.[1];
  if (atomic) return sizeOf(atomic, declarations);
  if (/^[fiu]32$/.test(type)) return scalar;
  const vector = /^vec([234])[fiu]$/.exec(type)?.[1];
  if (vector) return vectors[vector];
  const struct = declarations.find(({ keyword, name }) => keyword === "struct" && name === type);
  const body = struct?.trees.find((tree) => isGroup(tree, "{"));
  if (!isGroup(body)) return undefined;
  let [end, align] = [0, 1];
  for (const field of split(body.trees, ",").filter(({ length }) => length > 0)) {
    const size = sizeOf(print(field.slice(2)).trim(), declarations);
    if (!size) return undefined;
    end = roundUp(end, size.align) + size.size;
    align = Math.max(align, size.align);
  }
  return { size: roundUp(end, align), align };
}

function roundUp(bytes: number, align: number): number {
  return Math.ceil(bytes / align) * align;
}
