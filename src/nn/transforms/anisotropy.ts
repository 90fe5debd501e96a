/** A coarser resolution along one axis, interpolated back to the item's grid. */
import { itemsBytes } from "../../../kernels/augment/grid.ts";
import {
  anisotropyWords,
  packAnisotropy,
  reduceResolution,
} from "../../../kernels/augment/spatial.ts";
import type { AnisotropyParams } from "./specification.ts";
import { type BatchTransform, boundsOf, type ItemGeometry, tripleAxis } from "./transform.ts";

/** The record: as many coarse places as fit the axis, about its centre. */
export function packDownsampling(
  { axis, factor }: { axis: number; factor: number },
  geometry: ItemGeometry,
  into: Float32Array<ArrayBuffer>,
): void {
  const index = tripleAxis(geometry, axis);
  const extent = geometry.size[index];
  const coarse = extent === 1 ? 1 : Math.max(1, Math.floor(extent / factor));
  const origin = (extent - 1) / 2 - (coarse - 1) / 2 * factor;
  packAnisotropy({ axis: index, factor, origin, coarse }, into);
}

export function anisotropyTransform(
  { axes, downsampling }: AnisotropyParams,
  geometry: ItemGeometry,
): BatchTransform {
  const [low, high] = boundsOf(downsampling, 1);
  return {
    words: [anisotropyWords],
    draw(random, into) {
      const axis = axes[random.integer(axes.length)];
      packDownsampling({ axis, factor: random.uniform(low, high) }, geometry, into);
    },
    record(program, { shape, x }, anisotropies) {
      const y = program.tensor("anisotropic", itemsBytes(shape));
      reduceResolution(program, { shape, x, y, anisotropies });
      return y;
    },
  };
}
