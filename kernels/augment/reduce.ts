/** The least and the largest value of each sample, and the sum. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import { laneCount } from "../tensors.ts";
import source from "./reduce.wgsl" with { type: "text" };

const reduceKernel = defineKernel({
  name: "augment/reduce",
  source,
  constants: ["LANES", "COUNT", "PARTS", "KIND"],
  entries: { reduce: { x: "read", y: "read_write" } },
});

/** Values that one invocation reduces; 64 x 64 x 64 voxels take three dispatches. */
const VALUES_EACH = 64;

/**
 * y `[batch]` = the least, the largest or the sum of the `count` values of each sample of x `[batch][count]`.
 */
export function reduceSamples(
  program: ProgramBuilder,
  { kind, x, y, batch, count }: {
    kind: "least" | "largest" | "sum";
    x: Operand;
    y: Operand;
    batch: number;
    count: number;
  },
): void {
  const LANES = laneCount(program.device);
  let from = x;
  for (let left = count; from === x || left > 1;) {
    const parts = Math.ceil(left / VALUES_EACH);
    const to = parts === 1 ? y : program.tensor(`${kind} of parts`, batch * parts * 4);
    program.dispatch(reduceKernel, "reduce", {
      constants: { LANES, COUNT: left, PARTS: parts, KIND: kind.toUpperCase() },
      bindings: { x: from, y: to },
      workgroups: [Math.ceil(parts / LANES), 1, batch],
      label: kind,
    });
    from = to;
    left = parts;
  }
}
