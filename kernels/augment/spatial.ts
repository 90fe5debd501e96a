/** Flip, affine, elastic deformation and anisotropy, each sample by its own numbers. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import type { Triple } from "../tensors.ts";
import { extentConstants, itemsGrid, type ItemsShape } from "./grid.ts";
import source from "./spatial.wgsl" with { type: "text" };

const spatial = defineKernel({
  name: "augment/spatial",
  source,
  constants: [
    "LANES",
    "CHUNK",
    "DEPTH",
    "HEIGHT",
    "WIDTH",
    "FILL_OUTSIDE",
    "FLIPPED",
    "POINTS_Z",
    "POINTS_Y",
    "POINTS_X",
  ],
  entries: {
    flip: { x: "read", y: "read_write", reversals: "read" },
    affine: { fours: "read", y: "read_write", maps: "read", outside: "read", reversals: "read" },
    anisotropy: { x: "read", y: "read_write", anisotropies: "read" },
    expand_x: { points: "read", along_x_out: "read_write" },
    expand_y: { along_x_in: "read", along_y_out: "read_write" },
    deform: { fours: "read", y: "read_write", outside: "read", along_y_in: "read" },
  },
});

/** Items before and after. */
interface Items {
  shape: ItemsShape;
  x: Operand;
  y: Operand;
}

function layout(program: ProgramBuilder, shape: ItemsShape) {
  const { constants, workgroups } = itemsGrid(program.device, shape);
  return { constants: { ...constants, ...extentConstants(shape) }, workgroups };
}

/** @param reversals `[batch]` u32: bits 0, 1, 2 reverse z, y, x */
export function flip(
  program: ProgramBuilder,
  { shape, x, y, reversals }: Items & { reversals: Operand },
): void {
  const bindings = { x, y, reversals };
  program.dispatch(spatial, "flip", { ...layout(program, shape), bindings, label: "flip" });
}

/** 32-bit words of one sample's affine map. */
export const affineWords = 16;

/**
 * Writes the map of one sample: places of the result, (z, y, x) in pixels, to those of the item.
 *
 * @param rows three rows of matrix and offset
 * @param fill value outside the item, unless {@link transformAffine} is given one of each sample
 */
export function packAffine(
  rows: readonly (readonly number[])[],
  fill: number,
  into: Float32Array,
): void {
  rows.forEach((row, i) => into.set(row, 4 * i));
  into.set([1, fill], 12);
}

/**
 * y at a place = x at the mapped place, trilinear; of x with its axes reversed first, where these are given.
 *
 * @param maps `[batch][affineWords]`, see {@link packAffine}; zeros leave a sample as it is
 * @param outside `[batch]`, the value there; that of the record when absent
 * @param reversals as {@link flip} takes them
 */
export function transformAffine(
  program: ProgramBuilder,
  { shape, x, y, maps, outside, reversals }: Items & {
    maps: Operand;
    outside?: Operand;
    reversals?: Operand;
  },
): void {
  const { constants, workgroups } = layout(program, shape);
  program.dispatch(spatial, "affine", {
    constants: {
      ...constants,
      FILL_OUTSIDE: outside !== undefined,
      FLIPPED: reversals !== undefined,
    },
    bindings: { fours: x, y, maps, ...(outside && { outside }), ...(reversals && { reversals }) },
    workgroups,
    label: "affine",
  });
}

/** 32-bit words of one sample's anisotropy. */
export const anisotropyWords = 4;

/** Writes that a sample keeps every `factor`-th place along an axis, `coarse` of them from `origin`. */
export function packAnisotropy(
  { axis, factor, origin, coarse }: {
    axis: number;
    factor: number;
    origin: number;
    coarse: number;
  },
  into: Float32Array,
): void {
  into.set([0, factor, origin, 0]);
  const words = new Uint32Array(into.buffer, into.byteOffset, anisotropyWords);
  words[0] = axis;
  words[3] = coarse;
}

/** @param anisotropies `[batch][anisotropyWords]`, see {@link packAnisotropy}; zeros leave a sample as it is */
export function reduceResolution(
  program: ProgramBuilder,
  { shape, x, y, anisotropies }: Items & { anisotropies: Operand },
): void {
  const bindings = { x, y, anisotropies };
  const label = "anisotropy";
  program.dispatch(spatial, "anisotropy", { ...layout(program, shape), bindings, label });
}

/**
 * y at a place = x at the place plus a cubic B-spline's displacement.
 *
 * @param count control points along z, y, x: at least 4, or 1 along z, which then stays
 * @param points `[batch][count][4]`: displacement (z, y, x) in pixels, and 1; zeros leave a sample as it is
 * @param outside `[batch]`, the value there; 0 when absent
 */
export function deformElastically(
  program: ProgramBuilder,
  { shape, x, y, count: [z, rows, columns], points, outside }: Items & {
    count: Triple;
    points: Operand;
    outside?: Operand;
  },
): void {
  const { constants, workgroups } = layout(program, shape);
  const FILL_OUTSIDE = outside !== undefined;
  const all = { ...constants, FILL_OUTSIDE, POINTS_Z: z, POINTS_Y: rows, POINTS_X: columns };
  const { batch, height, width } = shape;
  const alongX = program.tensor("control points along x", batch * z * rows * width * 16);
  const alongY = program.tensor("control points along y", batch * z * height * width * 16);
  program.dispatch(spatial, "expand_x", {
    constants: all,
    bindings: { points, along_x_out: alongX },
    workgroups: [Math.ceil(width / constants.LANES), z * rows, batch],
    label: "elastic",
  });
  program.dispatch(spatial, "expand_y", {
    constants: all,
    bindings: { along_x_in: alongX, along_y_out: alongY },
    workgroups: [Math.ceil(height * width / constants.LANES), z, batch],
    label: "elastic",
  });
  program.dispatch(spatial, "deform", {
    constants: all,
    bindings: { fours: x, y, along_y_in: alongY, ...(outside && { outside }) },
    workgroups,
    label: "elastic",
  });
}
