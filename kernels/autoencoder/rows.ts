/** Activations as rows of numbers in PyTorch's order, and back: flattening. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import source from "./rows.wgsl" with { type: "text" };
import { blocks, laneCount, pixels, planeGrid, type Shape } from "../tensors.ts";

const rowsKernel = defineKernel({
  name: "autoencoder/rows",
  source,
  constants: ["LANES", "CHUNK", "CHANNELS", "BLOCKS", "PIXELS", "ROW", "FIRST"],
  entries: {
    to_rows: { activation_in: "read", rows_out: "read_write" },
    from_rows: { rows_in: "read", activation_out: "read_write" },
  },
});

interface RowsOptions {
  shape: Shape;
  /** `[batch][ceil(channels / 4)][depth][height][width][4]` floats. */
  activation: Operand;
  /** `[batch][rowLength]` floats: channels, each of all pixels, from `first` on. */
  rows: Operand;
  rowLength: number;
  first?: number;
  label?: string;
}

function layout(program: ProgramBuilder, { shape, rowLength, first = 0 }: RowsOptions) {
  const LANES = laneCount(program.device);
  const { chunk, workgroups } = planeGrid(program.device, shape, LANES);
  return {
    constants: {
      LANES,
      CHUNK: chunk,
      CHANNELS: shape.channels,
      BLOCKS: blocks(shape),
      PIXELS: pixels(shape),
      ROW: rowLength,
      FIRST: first,
    },
    workgroups,
  };
}

/** Writes an activation into rows; other numbers of the rows stay. */
export function toRows(program: ProgramBuilder, options: RowsOptions): void {
  const { activation, rows, label } = options;
  program.dispatch(rowsKernel, "to_rows", {
    ...layout(program, options),
    bindings: { activation_in: activation, rows_out: rows },
    label,
  });
}

/** Makes an activation from rows; its padding channels become 0. */
export function fromRows(program: ProgramBuilder, options: RowsOptions): void {
  const { activation, rows, label } = options;
  program.dispatch(rowsKernel, "from_rows", {
    ...layout(program, options),
    bindings: { rows_in: rows, activation_out: activation },
    label,
  });
}
