/** Gaussian smoothing, each sample by its own deviations. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import { pixels } from "../tensors.ts";
import source from "./blur.wgsl" with { type: "text" };
import { itemsBytes, itemsGrid, type ItemsShape } from "./grid.ts";

const blurKernel = defineKernel({
  name: "augment/blur",
  source,
  constants: ["LANES", "CHUNK", "PIXELS", "EXTENT", "STRIDE", "AXIS"],
  entries: { blur: { fours: "read", y: "read_write", deviations: "read" } },
});

/** @param deviations `[batch][3]` along z, y, x in pixels; 0 leaves an axis as it is */
export function blur(
  program: ProgramBuilder,
  { shape, x, y, deviations }: { shape: ItemsShape; x: Operand; y: Operand; deviations: Operand },
): void {
  const { constants, workgroups } = itemsGrid(program.device, shape);
  const { depth, height, width } = shape;
  const axes = [
    { AXIS: 2, EXTENT: width, STRIDE: 1 },
    { AXIS: 1, EXTENT: height, STRIDE: width },
    { AXIS: 0, EXTENT: depth, STRIDE: height * width },
  ].filter(({ EXTENT }) => EXTENT > 1);
  let from = x;
  axes.forEach((axis, i) => {
    const to = i === axes.length - 1 ? y : program.tensor("blurred", itemsBytes(shape));
    program.dispatch(blurKernel, "blur", {
      constants: { ...constants, PIXELS: pixels(shape), ...axis },
      bindings: { fours: from, y: to, deviations },
      workgroups,
      label: "blur",
    });
    from = to;
  });
}
