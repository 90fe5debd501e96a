/** Reverses axes. */
import { itemsBytes } from "../../../kernels/augment/grid.ts";
import { flip } from "../../../kernels/augment/spatial.ts";
import type { FlipParams } from "./specification.ts";
import { type BatchTransform, type ItemGeometry, tripleAxis } from "./transform.ts";

/** The record: bits of the reversed axes. */
export function packFlip(
  axes: readonly number[],
  geometry: ItemGeometry,
  into: Float32Array<ArrayBuffer>,
): void {
  const bits = axes.reduce((sum, axis) => sum | 1 << tripleAxis(geometry, axis), 0);
  new Uint32Array(into.buffer, into.byteOffset, 1)[0] = bits;
}

export function flipTransform(
  { axes, flip_probability }: FlipParams,
  geometry: ItemGeometry,
): BatchTransform {
  return {
    words: [1],
    permutes: true,
    draw(random, into) {
      packFlip(axes.filter(() => random.uniform() < flip_probability), geometry, into);
    },
    record(program, { shape, x }, reversals) {
      const y = program.tensor("flipped", itemsBytes(shape));
      flip(program, { shape, x, y, reversals });
      return y;
    },
  };
}
