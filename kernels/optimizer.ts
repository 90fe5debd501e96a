/** Records one update of all parameters in one dispatch (three with clipping). */
import { defineKernel } from "../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../src/gpu/program.ts";
import source from "./optimizer.wgsl" with { type: "text" };
import { flatGrid, laneCount } from "./tensors.ts";

/** Scalars of an update, in the order of the kernel's `Params`, which explains them. */
export const optimizerParams = {
  rate: "f32",
  weight_decay: "f32",
  beta1: "f32",
  beta2: "f32",
  epsilon: "f32",
  one_minus_beta1: "f32",
  one_minus_beta2: "f32",
  moment_rate: "f32",
  root_bias: "f32",
  nadam_gradient_rate: "f32",
  nadam_moment_rate: "f32",
  rectification: "f32",
} as const;

const optimizer = defineKernel({
  name: "optimizer",
  source,
  constants: [
    "LANES",
    "PER_LANE",
    "VECTORS",
    "RULE",
    "NESTEROV",
    "DECOUPLED",
    "FROZEN",
    "SCALED",
    "SCALE",
    "CLIPPED",
    "MAXIMUM",
    "PARTS",
  ],
  params: optimizerParams,
  entries: {
    sum_squares: { gradients: "read", trainable: "read", squares_out: "read_write" },
    norm_of_squares: { squares_in: "read", norm_out: "read_write" },
    update: {
      parameters: "read_write",
      gradients: "read",
      moment1: "read_write",
      moment2: "read_write",
      norm_in: "read",
      trainable: "read",
      params: "uniform",
    },
  },
});

/** Which of the two moments each rule keeps. */
const moments = {
  descent: { first: false, second: false },
  momentum: { first: true, second: false },
  adam: { first: true, second: true },
  rmsprop: { first: false, second: true },
  adagrad: { first: false, second: true },
  adadelta: { first: true, second: true },
  adamax: { first: true, second: true },
  nadam: { first: true, second: true },
  radam: { first: true, second: true },
} as const;

/** The kernel's constant for a rule is its name in capitals. */
export type UpdateRule = keyof typeof moments;

/** Which of the two moments a rule keeps. */
export function momentsOf(rule: UpdateRule): { first: boolean; second: boolean } {
  return moments[rule];
}

export interface Update {
  rule: UpdateRule;
  nesterov?: boolean;
  /** Weight decay apart from the gradient (AdamW). */
  decoupled?: boolean;
  /** What the gradients were multiplied by; 1 when absent. */
  gradientScale?: number;
  /** Largest norm of all gradients together. */
  clipNorm?: number;
  /** Floats of the flat buffers, a multiple of 64. */
  count: number;
  parameters: Operand;
  gradients: Operand;
  moment1?: Operand;
  moment2?: Operand;
  /** One u32 for each 64 floats; 0 keeps them. Absent: all are updated. */
  trainable?: Operand;
  /** {@link optimizerParams} */
  params: Operand;
  label?: string;
}

export function recordUpdate(program: ProgramBuilder, options: Update): void {
  const { rule, count, parameters, gradients, trainable, clipNorm, params, label } = options;
  const { gradientScale = 1 } = options;
  const scale = { SCALED: gradientScale !== 1, SCALE: 1 / gradientScale };
  const LANES = laneCount(program.device);
  const PER_LANE = program.device.class === "software" ? 64 : 4;
  const shared = { LANES, PER_LANE, VECTORS: count / 4, FROZEN: trainable !== undefined };
  const workgroups = flatGrid(program.device, Math.ceil(count / 4 / PER_LANE), LANES);
  const frozen = trainable && { trainable };
  let norm: Operand | undefined;
  if (clipNorm !== undefined) {
    const PARTS = Math.ceil(count / 4 / PER_LANE / LANES);
    const squares = program.tensor(`${label} squares`, PARTS * 4);
    program.dispatch(optimizer, "sum_squares", {
      constants: { ...shared, PARTS },
      bindings: { gradients, squares_out: squares, ...frozen },
      workgroups,
      label: "gradient norm",
    });
    norm = program.tensor(`${label} gradient norm`, 16);
    program.dispatch(optimizer, "norm_of_squares", {
      constants: { LANES, PARTS, ...scale },
      bindings: { squares_in: squares, norm_out: norm },
      workgroups: [1],
      label: "gradient norm",
    });
  }
  const { first, second } = momentsOf(rule);
  program.dispatch(optimizer, "update", {
    constants: {
      ...shared,
      ...scale,
      RULE: rule.toUpperCase(),
      NESTEROV: options.nesterov ?? false,
      DECOUPLED: options.decoupled ?? false,
      CLIPPED: norm !== undefined,
      MAXIMUM: clipNorm ?? 1,
    },
    bindings: {
      parameters,
      gradients,
      params,
      ...frozen,
      ...(norm && { norm_in: norm }),
      ...(first && { moment1: options.moment1! }),
      ...(second && { moment2: options.moment2! }),
    },
    workgroups,
    label: label ?? rule,
  });
}
