/** Activations to rows of features in PyTorch's order, and back. */
import { defineKernel } from "../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../src/gpu/program.ts";
import source from "./flatten.wgsl" with { type: "text" };
import { activationBytes, flatGrid, laneCount, pixels, type Shape } from "./tensors.ts";

const flatten = defineKernel({
  name: "flatten",
  source,
  constants: ["LANES", "BATCH", "CHANNELS", "PIXELS"],
  entries: {
    to_rows: { x: "read", y: "read_write" },
    to_blocks: { x: "read", y: "read_write" },
  },
});

function record(
  program: ProgramBuilder,
  entry: "to_rows" | "to_blocks",
  shape: Shape,
  count: number,
  bindings: { x: Operand; y: Operand },
  label?: string,
): void {
  const LANES = laneCount(program.device);
  program.dispatch(flatten, entry, {
    constants: { LANES, BATCH: shape.batch, CHANNELS: shape.channels, PIXELS: pixels(shape) },
    bindings,
    workgroups: flatGrid(program.device, count, LANES),
    label,
  });
}

/** y[n][c * pixels + p] = x[n][c / 4][p][c % 4], rows padded to a multiple of 4 with zeros. */
export function flattenToRows(
  program: ProgramBuilder,
  { shape, x, y, label }: { shape: Shape; x: Operand; y: Operand; label?: string },
): void {
  const row = Math.ceil(shape.channels * pixels(shape) / 4) * 4;
  record(program, "to_rows", shape, shape.batch * row, { x, y }, label);
}

/** The inverse, for gradients. */
export function rowsToBlocks(
  program: ProgramBuilder,
  { shape, x, y, label }: { shape: Shape; x: Operand; y: Operand; label?: string },
): void {
  record(program, "to_blocks", shape, activationBytes(shape) / 4, { x, y }, label);
}
