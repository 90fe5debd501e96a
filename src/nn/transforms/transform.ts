/** What a transform of training items is, and the grid that it works on. */
import type { ItemsShape } from "../../../kernels/augment/grid.ts";
import type { Triple } from "../../../kernels/tensors.ts";
import type { Operand, ProgramBuilder } from "../../gpu/program.ts";
import type { Random } from "../../random.ts";

/** A change of each item of a batch by numbers of its own: one record an item, or several. */
export interface BatchTransform {
  /** 32-bit words of each record of an item. Records of zeros leave the item as it is. */
  readonly words: readonly number[];
  /** Whether values only change places. */
  readonly permutes?: boolean;
  /** Draws the records of an item that is changed. */
  draw(random: Random, ...into: Float32Array<ArrayBuffer>[]): void;
  /**
   * Records the change of a batch.
   *
   * @param records `[batch][words]` each
   * @returns the result: another tensor, or x itself, changed in place
   */
  record(program: ProgramBuilder, batch: ItemBatch, ...records: Operand[]): Operand;
}

export interface ItemBatch {
  shape: ItemsShape;
  /** `[batch][depth][height][width]` float32. */
  x: Operand;
  /** Whether the least value of every item is known to be 0. */
  leastIsZero?: boolean;
}

/** Grid of every item. Axes are numbered as TorchIO does: 0 is the first of a tensor after its channels. */
export interface ItemGeometry {
  /** 2 of images, whose axes are rows and columns, 3 of volumes. */
  dimensions: 2 | 3;
  /** Pixels along z, y, x; an image has one plane. */
  size: Triple;
  /** Distances of neighbours along z, y, x, mm. */
  spacing: Triple;
}

/**
 * @param extents of an item, 2 or 3
 * @param spacing along the same axes, mm
 */
export function itemGeometry(extents: readonly number[], spacing: readonly number[]): ItemGeometry {
  const pad = [...extents].length === 2 ? [1] : [];
  return {
    dimensions: extents.length === 2 ? 2 : 3,
    size: [...pad, ...extents] as unknown as Triple,
    spacing: [...pad, ...spacing] as unknown as Triple,
  };
}

/** Index into (z, y, x) of an axis; of an image, axis 2 is the one that it has not. */
export function tripleAxis({ dimensions }: ItemGeometry, axis: number): 0 | 1 | 2 {
  return (dimensions === 3 ? axis : (axis + 1) % 3) as 0 | 1 | 2;
}

/** Values of axes 0, 1, 2 in the order z, y, x. */
export function toTriple<T>(geometry: ItemGeometry, values: readonly T[]): [T, T, T] {
  return geometry.dimensions === 3
    ? [values[0], values[1], values[2]]
    : [values[2], values[0], values[1]];
}

/** Values along z, y, x in the order of axes 0, 1, 2. */
export function toAxes<T>(geometry: ItemGeometry, values: readonly T[]): [T, T, T] {
  return geometry.dimensions === 3
    ? [values[0], values[1], values[2]]
    : [values[1], values[2], values[0]];
}

/** One number or bounds. */
export type Range = number | readonly [low: number, high: number];

/** A number d for (around - d, around + d), bounds, one d an axis, or bounds of each axis. */
export type AxisRanges = number | readonly number[];

/** @param lowest the lower bound of one number alone; its negative when absent */
export function boundsOf(range: Range, lowest?: number): readonly [number, number] {
  return typeof range === "number" ? [lowest ?? -range, range] : range;
}

/**
 * Bounds of axes 0, 1, 2, as TorchIO reads them.
 *
 * @param around centre of the bounds that one number stands for; "zero" for those from 0 to it
 */
export function axisBounds(
  ranges: AxisRanges,
  around: number | "zero",
): readonly (readonly [number, number])[] {
  const bounds = (d: number): [number, number] =>
    around === "zero" ? [0, d] : [around - d, around + d];
  if (typeof ranges === "number") return [0, 1, 2].map(() => bounds(ranges));
  if (ranges.length === 2) return [0, 1, 2].map(() => [ranges[0], ranges[1]]);
  if (ranges.length === 3) return ranges.map(bounds);
  return [0, 2, 4].map((i) => [ranges[i], ranges[i + 1]]);
}

/** One number, or one an axis, as three. */
export function eachAxis(value: number | readonly number[]): readonly number[] {
  return typeof value === "number" ? [value, value, value] : value;
}
