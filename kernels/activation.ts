/** Elementwise activations, for places where none is fused into a normalisation. */
import { defineKernel } from "../src/gpu/kernel.ts";
import { type Operand, type ProgramBuilder, slice } from "../src/gpu/program.ts";
import source from "./activation.wgsl" with { type: "text" };
import { flatGrid, laneCount } from "./tensors.ts";

export type ActivationName = "none" | "relu" | "elu" | "leaky_relu" | "sigmoid" | "tanh";

const activation = defineKernel({
  name: "activation",
  source,
  constants: ["LANES", "PER_LANE", "ACTIVATION", "SLOPE"],
  entries: {
    forward: { x: "read", y: "read_write" },
    backward: { output: "read", dy: "read", dx: "read_write" },
    add: { x: "read", y: "read_write" },
  },
});

function layout(program: ProgramBuilder, bytes: number) {
  const lanes = laneCount(program.device);
  const perLane = program.device.class === "software" ? 32 : 4;
  return {
    constants: { LANES: lanes, PER_LANE: perLane },
    workgroups: flatGrid(program.device, Math.ceil(bytes / 16 / perLane), lanes),
  };
}

/** y = f(x) on tensors of equal layout. Padding channels become f(0). */
export function activationForward(
  program: ProgramBuilder,
  name: ActivationName,
  { x, y, bytes }: { x: Operand; y: Operand; bytes: number },
  label?: string,
): void {
  const { constants, workgroups } = layout(program, bytes);
  program.dispatch(activation, "forward", {
    constants: { ...constants, ACTIVATION: name.toUpperCase() },
    bindings: { x, y: slice(y, 0, bytes) },
    workgroups,
    label,
  });
}

/** dx = dy f'(x), where f'(x) comes from the output f(x). */
export function activationBackward(
  program: ProgramBuilder,
  name: ActivationName,
  { output, dy, dx, bytes }: { output: Operand; dy: Operand; dx: Operand; bytes: number },
  label?: string,
): void {
  const { constants, workgroups } = layout(program, bytes);
  program.dispatch(activation, "backward", {
    constants: { ...constants, ACTIVATION: name.toUpperCase() },
    bindings: { output, dy, dx: slice(dx, 0, bytes) },
    workgroups,
    label,
  });
}

/** y += x. */
export function addInto(
  program: ProgramBuilder,
  { x, y, bytes }: { x: Operand; y: Operand; bytes: number },
  label?: string,
): void {
  const { constants, workgroups } = layout(program, bytes);
  const bindings = { x, y: slice(y, 0, bytes) };
  program.dispatch(activation, "add", { constants, bindings, workgroups, label });
}
