/** Gaussian smoothing. */
import { blur } from "../../../kernels/augment/blur.ts";
import { itemsBytes } from "../../../kernels/augment/grid.ts";
import type { BlurParams } from "./specification.ts";
import { axisBounds, type BatchTransform, type ItemGeometry, toTriple } from "./transform.ts";

/** The record. @param std of axes 0, 1, 2 in mm */
export function packBlur(
  std: readonly number[],
  geometry: ItemGeometry,
  into: Float32Array<ArrayBuffer>,
): void {
  into.set(toTriple(geometry, std).map((mm, i) => mm / geometry.spacing[i]));
}

export function blurTransform({ std }: BlurParams, geometry: ItemGeometry): BatchTransform {
  const bounds = axisBounds(std, "zero");
  return {
    words: [3],
    draw(random, into) {
      packBlur(bounds.map(([low, high]) => random.uniform(low, high)), geometry, into);
    },
    record(program, { shape, x }, deviations) {
      const y = program.tensor("blurred", itemsBytes(shape));
      blur(program, { shape, x, y, deviations });
      return y;
    },
  };
}
