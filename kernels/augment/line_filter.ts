/** Filters in Fourier space that depend on one axis, as circular convolutions of lines. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import { flatGrid, laneCount, pixels } from "../tensors.ts";
import { extentConstants, type ItemsShape } from "./grid.ts";
import source from "./line_filter.wgsl" with { type: "text" };

const lineFilter = defineKernel({
  name: "augment/line_filter",
  source,
  constants: ["LANES", "DEPTH", "HEIGHT", "WIDTH", "WORDS", "BASED", "ACCUMULATE"],
  entries: { convolve: { fours: "read", y: "read_write", filters: "read", base: "read" } },
});

/** Values of a line that an invocation computes. */
const TILE = 16;

/** Words in front of a filter's numbers. */
const HEADER = 4;

const nextFour = (n: number) => Math.ceil(n / 4) * 4;

/** 32-bit words of one sample's filter. */
export function filterWords(shape: Omit<ItemsShape, "batch">): number {
  return HEADER + 2 * nextFour(Math.max(shape.depth, shape.height, shape.width)) + TILE;
}

/**
 * Writes the filter of one sample.
 *
 * @param axis 0 to 2 for z, y, x
 * @param gains factor of each frequency of that axis, the lowest frequency first: -floor(n / 2) and on
 */
export function packFilter(axis: number, gains: ArrayLike<number>, into: Float32Array): void {
  const n = gains.length;
  into.set([1, axis]);
  // Of real items the real part of the result needs the real part of the inverse transform alone.
  const cosines = Float64Array.from({ length: n }, (_, i) => Math.cos(2 * Math.PI * i / n));
  const lowest = Math.floor(n / 2);
  const filter = Float64Array.from({ length: n }, (_, d) => {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += gains[k] * cosines[(k - lowest + n) * d % n];
    return sum / n;
  });
  const m = nextFour(n);
  for (let k = 0; k < 2 * m + TILE; k++) into[HEADER + k] = filter[(k - m + 4 * n) % n];
}

/**
 * y = x with the frequencies along each sample's axis multiplied by its gains; with a base, y = base + x - base,
 * of which the difference is filtered.
 *
 * @param filters `[batch][filterWords]`, see {@link packFilter}; zeros leave a sample as it is, or its base
 * @param accumulate adds to y instead; samples that are left add nothing
 */
export function filterLines(
  program: ProgramBuilder,
  { shape, x, y, filters, base, accumulate = false, label }: {
    shape: ItemsShape;
    x: Operand;
    y: Operand;
    filters: Operand;
    base?: Operand;
    accumulate?: boolean;
    label: string;
  },
): void {
  const LANES = laneCount(program.device);
  const extents = [shape.depth, shape.height, shape.width];
  const tiles = extents.map((extent) => pixels(shape) / extent * Math.ceil(extent / TILE));
  const [columns, rows] = flatGrid(program.device, Math.max(...tiles), LANES);
  program.dispatch(lineFilter, "convolve", {
    constants: {
      LANES,
      ...extentConstants(shape),
      WORDS: filterWords(shape),
      BASED: base !== undefined,
      ACCUMULATE: accumulate,
    },
    bindings: { fours: x, y, filters, ...(base && { base }) },
    workgroups: [columns, rows, shape.batch],
    label,
  });
}
