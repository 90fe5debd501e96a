/** Records one update of all parameters in one dispatch (three with clipping). */
import { defineKernel } from "../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../src/gpu/program.ts";
import source from "./optimizer.wgsl" with { type: "text" };
import { flatGrid, laneCount } from "./tensors.ts";

const update = {
  parameters: "read_write",
  gradients: "read",
  norm_value: "read",
  trainable: "read",
  params: "uniform",
} as const;

/** Scalars of a step, in the order of the kernel's `Params`. */
export const optimizerParams = {
  rate: "f32",
  weight_decay: "f32",
  beta1: "f32",
  beta2: "f32",
  epsilon: "f32",
  first_factor: "f32",
  second_factor: "f32",
  rest1: "f32",
  rest2: "f32",
} as const;

const optimizer = defineKernel({
  name: "optimizer",
  source,
  constants: [
    "LANES",
    "PER_LANE",
    "VECTORS",
    "NESTEROV",
    "DECOUPLED",
    "FROZEN",
    "CLIPPED",
    "MAXIMUM",
    "PARTS",
  ],
  params: optimizerParams,
  entries: {
    square_parts: { gradients: "read", trainable: "read", squares: "read_write" },
    square_total: { square_list: "read", norm: "read_write" },
    descent: update,
    momentum: { ...update, moment1: "read_write" },
    adam: { ...update, moment1: "read_write", moment2: "read_write" },
    rmsprop: { ...update, moment2: "read_write" },
    adagrad: { ...update, moment2: "read_write" },
    adadelta: { ...update, moment1: "read_write", moment2: "read_write" },
    adamax: { ...update, moment1: "read_write", moment2: "read_write" },
    nadam: { ...update, moment1: "read_write", moment2: "read_write" },
    radam: { ...update, moment1: "read_write", moment2: "read_write" },
  },
});

export type UpdateRule =
  | "descent"
  | "momentum"
  | "adam"
  | "rmsprop"
  | "adagrad"
  | "adadelta"
  | "adamax"
  | "nadam"
  | "radam";

/** Which of the two moments a rule keeps. */
export function momentsOf(rule: UpdateRule): { first: boolean; second: boolean } {
  const uses = optimizer.declaration.entries[rule];
  return { first: "moment1" in uses, second: "moment2" in uses };
}

export interface Update {
  rule: UpdateRule;
  nesterov?: boolean;
  /** Weight decay apart from the gradient (AdamW). */
  decoupled?: boolean;
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
  params: Operand;
  label?: string;
}

export function recordUpdate(program: ProgramBuilder, options: Update): void {
  const { rule, count, parameters, gradients, trainable, clipNorm, params, label } = options;
  const LANES = laneCount(program.device);
  const PER_LANE = program.device.class === "software" ? 64 : 4;
  const shared = { LANES, PER_LANE, VECTORS: count / 4, FROZEN: trainable !== undefined };
  const workgroups = flatGrid(program.device, Math.ceil(count / 4 / PER_LANE), LANES);
  const frozen = trainable && { trainable };
  let norm: Operand | undefined;
  if (clipNorm !== undefined) {
    const PARTS = Math.ceil(count / 4 / PER_LANE / LANES);
    const squares = program.tensor(`${label} squares`, PARTS * 4);
    program.dispatch(optimizer, "square_parts", {
      constants: { ...shared, PARTS },
      bindings: { gradients, squares, ...frozen },
      workgroups,
      label: "gradient norm",
    });
    norm = program.tensor(`${label} gradient norm`, 16);
    program.dispatch(optimizer, "square_total", {
      constants: { LANES, PARTS },
      bindings: { square_list: squares, norm },
      workgroups: [1],
      label: "gradient norm",
    });
  }
  const moments = momentsOf(rule);
  program.dispatch(optimizer, rule as "adam", {
    constants: {
      ...shared,
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
      ...(norm && { norm_value: norm }),
      ...(moments.first && { moment1: options.moment1! }),
      ...(moments.second && { moment2: options.moment2! }),
    },
    workgroups,
    label: label ?? rule,
  });
}
