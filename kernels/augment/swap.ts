/** Exchanges boxes of each sample. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import { laneCount, type Triple } from "../tensors.ts";
import { extentConstants, type ItemsShape } from "./grid.ts";
import source from "./swap.wgsl" with { type: "text" };

const swapKernel = defineKernel({
  name: "augment/swap",
  source,
  constants: ["LANES", "DEPTH", "HEIGHT", "WIDTH", "BOX_Z", "BOX_Y", "BOX_X", "PAIRS"],
  entries: { swap: { y: "read_write", pairs: "read" } },
});

/**
 * Exchanges pairs of boxes, one pair after another, in place.
 *
 * @param box its pixels along z, y, x
 * @param pairs `[batch][count][2]` u32: the first pixel of each box of a pair, which don't overlap; two
 * equal ones leave the item as it is
 */
export function swapBoxes(
  program: ProgramBuilder,
  { shape, box: [BOX_Z, BOX_Y, BOX_X], pairs, count, y }: {
    shape: ItemsShape;
    box: Triple;
    pairs: Operand;
    count: number;
    y: Operand;
  },
): void {
  program.dispatch(swapKernel, "swap", {
    constants: {
      LANES: laneCount(program.device, 256),
      ...extentConstants(shape),
      BOX_Z,
      BOX_Y,
      BOX_X,
      PAIRS: count,
    },
    bindings: { y, pairs },
    workgroups: [1, 1, shape.batch],
    label: "swap",
  });
}
