/** Elementwise activations, for places where none is fused into a normalisation. */
import { defineKernel } from "../src/gpu/kernel.ts";
import { type Operand, type ProgramBuilder, slice } from "../src/gpu/program.ts";
import source from "./activation.wgsl" with { type: "text" };
import { flatGrid, laneCount } from "./tensors.ts";

/** An activation as kernels number it. */
export const activationCodes = {
  none: 0,
  relu: 1,
  elu: 2,
  leaky_relu: 3,
  sigmoid: 4,
  tanh: 5,
} as const;

export type ActivationName = keyof typeof activationCodes;

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
    constants: { ...constants, ACTIVATION: activationCodes[name] },
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
    constants: { ...constants, ACTIVATION: activationCodes[name] },
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
