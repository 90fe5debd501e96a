/** Collects the items of a batch in the layout that augmentation takes. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import { pixels } from "../tensors.ts";
import { itemsGrid, type ItemsShape } from "./grid.ts";
import source from "./items.wgsl" with { type: "text" };

const items = defineKernel({
  name: "augment/items",
  source,
  constants: ["LANES", "CHUNK", "PIXELS", "NORMALISED", "FROM_START"],
  params: { step: "u32", seed: "u32", first: "u32" },
  entries: {
    take: { data: "read", order: "read", ranges: "read", y: "read_write", params: "uniform" },
  },
});

/**
 * y `[batch][depth][height][width]` = the items `order[params.first + n]`, n over the batch.
 *
 * @param data items of one channel
 * @param fromStart takes `order[n]`: the data hold this batch alone
 * @param ranges minimum and range of each item, when they are to be min-max normalised
 */
export function takeItems(
  program: ProgramBuilder,
  { shape, data, order, fromStart, ranges, y, params }: {
    shape: ItemsShape;
    data: Operand;
    order: Operand;
    fromStart: boolean;
    ranges?: Operand;
    y: Operand;
    params: Operand;
  },
): void {
  const { constants, workgroups } = itemsGrid(program.device, shape);
  program.dispatch(items, "take", {
    constants: {
      ...constants,
      PIXELS: pixels(shape),
      NORMALISED: ranges !== undefined,
      FROM_START: fromStart,
    },
    bindings: { data, order, y, params, ...(ranges && { ranges }) },
    workgroups,
    label: "items",
  });
}
