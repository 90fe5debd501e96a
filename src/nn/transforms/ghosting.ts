/** Ghosts along one axis: every n-th plane of the spectrum is weakened. */
import { itemsBytes } from "../../../kernels/augment/grid.ts";
import { filterLines, filterWords, packFilter } from "../../../kernels/augment/line_filter.ts";
import type { GhostingParams } from "./specification.ts";
import { type BatchTransform, boundsOf, type ItemGeometry, tripleAxis } from "./transform.ts";

export interface GhostingDraw {
  num_ghosts: number;
  axis: number;
  intensity: number;
  /** Share of the spectrum's centre that stays; one plane when absent. */
  restore?: number;
}

/** To the nearest integer, halves to the even one, as NumPy does. */
function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  if (value - low === 0.5) return low % 2 === 0 ? low : low + 1;
  return Math.round(value);
}

/** The record; that of no ghosts or no intensity leaves the item as it is. */
export function packGhosting(
  { num_ghosts, axis, intensity, restore }: GhostingDraw,
  geometry: ItemGeometry,
  into: Float32Array<ArrayBuffer>,
): void {
  if (num_ghosts === 0 || intensity === 0) return;
  const n = geometry.size[tripleAxis(geometry, axis)];
  const middle = Math.floor(n / 2);
  const half = restore === undefined ? 0 : Math.floor(roundHalfEven(restore * n) / 2);
  const [first, end] = restore === undefined
    ? [middle, middle + 1]
    : [middle - half, middle + half];
  const gains = Float64Array.from(
    { length: n },
    (_, k) => k % num_ghosts === 0 && !(k >= first && k < end) ? 1 - intensity : 1,
  );
  packFilter(tripleAxis(geometry, axis), gains, into);
}

export function ghostingTransform(params: GhostingParams, geometry: ItemGeometry): BatchTransform {
  const [fewest, most] = boundsOf(params.num_ghosts, 0);
  const intensity = boundsOf(params.intensity, 0);
  const restore = params.restore === undefined ? undefined : boundsOf(params.restore, 0);
  const [depth, height, width] = geometry.size;
  return {
    words: [filterWords({ depth, height, width })],
    draw(random, into) {
      packGhosting(
        {
          num_ghosts: fewest + random.integer(most - fewest + 1),
          axis: params.axes[random.integer(params.axes.length)],
          intensity: random.uniform(...intensity),
          ...(restore && { restore: random.uniform(...restore) }),
        },
        geometry,
        into,
      );
    },
    record(program, { shape, x }, filters) {
      const y = program.tensor("with ghosts", itemsBytes(shape));
      filterLines(program, { shape, x, y, filters, label: "ghosting" });
      return y;
    },
  };
}
