/** Scaling, rotation and translation about the centre of the item. */
import { borderMeans } from "../../../kernels/augment/border.ts";
import { itemsBytes } from "../../../kernels/augment/grid.ts";
import { reduceSamples } from "../../../kernels/augment/reduce.ts";
import { affineWords, packAffine, transformAffine } from "../../../kernels/augment/spatial.ts";
import { pixels } from "../../../kernels/tensors.ts";
import type { Operand, ProgramBuilder } from "../../gpu/program.ts";
import { eulerMatrix, LPS_SIGNS, type Matrix3, mirrored } from "./rotation.ts";
import type { AffineParams } from "./specification.ts";
import {
  axisBounds,
  type BatchTransform,
  type ItemBatch,
  type ItemGeometry,
  toAxes,
  toTriple,
} from "./transform.ts";

/** Of axes 0, 1, 2. */
export interface AffineDraw {
  scales: readonly number[];
  degrees: readonly number[];
  /** mm */
  translation: readonly number[];
}

/**
 * Rows of the map from places of the result to those of the item, (z, y, x) in pixels, of a map of
 * millimetres from the centre.
 */
export function pixelRows(
  matrix: Matrix3,
  offset: readonly number[],
  geometry: ItemGeometry,
): number[][] {
  const spacing = toAxes(geometry, geometry.spacing);
  const centre = toAxes(geometry, geometry.size).map((extent) => (extent - 1) / 2);
  const rows = matrix.map((row, i) => {
    const scaled = row.map((v, j) => v * spacing[j] / spacing[i]);
    const constant = centre[i] + offset[i] / spacing[i] -
      scaled.reduce((sum, v, j) => sum + v * centre[j], 0);
    return [...toTriple(geometry, scaled), constant];
  });
  return toTriple(geometry, rows);
}

/**
 * TorchIO's map: the item is rotated and moved, then scaled; this is its inverse. An image keeps its
 * plane.
 */
export function affineRows(draw: AffineDraw, geometry: ItemGeometry): number[][] {
  const flat = geometry.dimensions === 2;
  const scales = draw.scales.map((scale, axis) => flat && axis === 2 ? 1 : scale);
  const degrees = draw.degrees.map((angle, axis) => flat && axis < 2 ? 0 : angle);
  const translation = draw.translation.map((mm, axis) => flat && axis === 2 ? 0 : mm);
  const rotation = mirrored(eulerMatrix(degrees.map((angle, axis) => angle * LPS_SIGNS[axis])));
  const back = [0, 1, 2].map((i) => [0, 1, 2].map((j) => rotation[j][i]));
  const matrix = back.map((row) => row.map((v, j) => v / scales[j]));
  const offset = back.map((row) => -row.reduce((sum, v, j) => sum + v * translation[j], 0));
  return pixelRows(matrix, offset, geometry);
}

/** Records the least value of each item; undefined where it is known to be 0. */
export function leastValues(
  program: ProgramBuilder,
  { shape, x, leastIsZero }: ItemBatch,
): Operand | undefined {
  if (leastIsZero) return undefined;
  const least = program.tensor("least values", shape.batch * 4);
  const sizes = { batch: shape.batch, count: pixels(shape) };
  reduceSamples(program, { kind: "least", x, y: least, ...sizes });
  return least;
}

/** Records the value outside of each item; undefined where {@link packAffine} has it, or where it is 0. */
function outsideValues(
  program: ProgramBuilder,
  batch: ItemBatch,
  fill: AffineParams["default_pad_value"],
): Operand | undefined {
  if (fill === "minimum") return leastValues(program, batch);
  if (typeof fill === "number") return undefined;
  const { shape, x } = batch;
  const outside = program.tensor("border values", shape.batch * 4);
  borderMeans(program, { kind: fill, shape, x, y: outside });
  return outside;
}

export function affineTransform(params: AffineParams, geometry: ItemGeometry): BatchTransform {
  const { isotropic, default_pad_value: fill } = params;
  const scales = axisBounds(params.scales, 1);
  const degrees = axisBounds(params.degrees, 0);
  const translation = axisBounds(params.translation, 0);
  return {
    words: [affineWords],
    draw(random, into) {
      const draw = (bounds: readonly (readonly [number, number])[]) =>
        bounds.map(([low, high]) => random.uniform(low, high));
      const drawn = draw(scales);
      const rows = affineRows({
        scales: isotropic ? [drawn[0], drawn[0], drawn[0]] : drawn,
        degrees: draw(degrees),
        translation: draw(translation),
      }, geometry);
      packAffine(rows, typeof fill === "number" ? fill : 0, into);
    },
    record(program, batch, maps, reversals?) {
      const outside = outsideValues(program, batch, fill);
      const { shape, x } = batch;
      const y = program.tensor("transformed", itemsBytes(shape));
      transformAffine(program, { shape, x, y, maps, outside, reversals });
      return y;
    },
  };
}
