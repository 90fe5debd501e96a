/** Exchanges of boxes, the task of context restoration (Chen et al., Medical Image Analysis 58, 2019). */
import { swapBoxes } from "../../../kernels/augment/swap.ts";
import type { Triple } from "../../../kernels/tensors.ts";
import type { SwapParams } from "./specification.ts";
import { type BatchTransform, eachAxis, type ItemGeometry, toTriple } from "./transform.ts";

/** Size of a box along z, y, x; an image has one plane. */
export function boxSize(patch_size: SwapParams["patch_size"], geometry: ItemGeometry): Triple {
  const [i, j, k] = eachAxis(patch_size);
  return toTriple(geometry, geometry.dimensions === 3 ? [i, j, k] : [i, j, 1]);
}

/** The record. @param corners (z, y, x) of the first pixels of both boxes of each pair */
export function packSwaps(
  corners: readonly (readonly [Triple, Triple])[],
  { size: [, height, width] }: ItemGeometry,
  into: Float32Array<ArrayBuffer>,
): void {
  const words = new Uint32Array(into.buffer, into.byteOffset, into.length);
  corners.flat().forEach(([z, y, x], i) => words[i] = (z * height + y) * width + x);
}

/** Attempts at a second box that does not overlap the first; then the pair is left out. */
const ATTEMPTS = 100;

export function swapTransform(
  { patch_size, num_iterations }: SwapParams,
  geometry: ItemGeometry,
): BatchTransform {
  const box = boxSize(patch_size, geometry);
  const { size } = geometry;
  return {
    words: [2 * num_iterations],
    permutes: true,
    draw(random, into) {
      const corner = () => size.map((n, i) => random.integer(n - box[i] + 1)) as unknown as Triple;
      const overlap = (a: Triple, b: Triple) => a.every((at, i) => Math.abs(at - b[i]) < box[i]);
      const pairs = Array.from({ length: num_iterations }, (): [Triple, Triple] => {
        const first = corner();
        for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
          const second = corner();
          if (!overlap(first, second)) return [first, second];
        }
        return [first, first];
      });
      packSwaps(pairs, geometry, into);
    },
    record(program, { shape, x }, pairs) {
      if (num_iterations === 0) return x;
      swapBoxes(program, { shape, box, pairs, count: num_iterations, y: x });
      return x;
    },
  };
}
