/** Losses with PyTorch's definitions and mean reduction, and counts of predictions. */
import { defineKernel } from "../src/gpu/kernel.ts";
import { type Operand, type ProgramBuilder, slice } from "../src/gpu/program.ts";
import source from "./loss.wgsl" with { type: "text" };

const loss = defineKernel({
  name: "loss",
  source,
  constants: ["LANES", "OUTPUTS", "ROW", "KIND", "DELTA", "GRADIENT", "WATCH"],
  params: { step: "u32", seed: "u32", first: "u32", slot: "u32", share: "f32" },
  entries: {
    cross_entropy: {
      logits: "read",
      order: "read",
      classes: "read",
      weights: "read",
      losses: "read_write",
      gradient: "read_write",
      faults: "read_write",
      params: "uniform",
    },
    multi_margin: {
      logits: "read",
      order: "read",
      classes: "read",
      weights: "read",
      losses: "read_write",
      gradient: "read_write",
      faults: "read_write",
      params: "uniform",
    },
    regression: {
      logits: "read",
      order: "read",
      targets: "read",
      losses: "read_write",
      gradient: "read_write",
      faults: "read_write",
      params: "uniform",
    },
    count: {
      logits: "read",
      order: "read",
      classes: "read",
      confusion: "read_write",
      params: "uniform",
    },
  },
});

/** Losses whose target is a class. */
export const classLosses = ["cross_entropy", "multi_margin"] as const;
export type ClassLoss = typeof classLosses[number];

const regressionKinds = {
  mse: 0,
  l1: 1,
  huber: 2,
  smooth_l1: 3,
  bce_with_logits: 4,
  kl_div: 5,
} as const;

/** Losses whose target is one number an output. */
export type RegressionLoss = keyof typeof regressionKinds;
export type LossName = ClassLoss | RegressionLoss;

export function isClassLoss(name: LossName): name is ClassLoss {
  return name === "cross_entropy" || name === "multi_margin";
}

interface Rows {
  batch: number;
  outputs: number;
  /** `[batch][ceil(outputs / 4) * 4]` */
  logits: Operand;
  /** Item of each sample: `order[params.first + n]`. */
  order: Operand;
  params: Operand;
  label?: string;
}

/** Constants, and the logits of this batch alone: the kernel counts its rows. */
function rowsOf({ batch, outputs, logits }: Rows) {
  const row = Math.ceil(outputs / 4) * 4;
  return {
    constants: { LANES: 64, OUTPUTS: outputs, ROW: row },
    logits: slice(logits, 0, batch * row * 4),
  };
}

/**
 * Writes the batch's loss to `losses[params.slot]` and, when `gradient` is given, dloss/dlogits.
 *
 * @param targets class of each item (u32) for class losses, else `[items][outputs]` floats
 * @param weights one a class, for class losses
 */
export function lossForward(
  program: ProgramBuilder,
  name: LossName,
  rows: Rows & {
    targets: Operand;
    weights?: Operand;
    losses: Operand;
    gradient?: Operand;
    faults: Operand;
    watch: number;
  },
): void {
  const { order, params, targets, weights, losses, gradient, faults, watch } = rows;
  const { constants: shape, logits } = rowsOf(rows);
  const constants = { ...shape, GRADIENT: gradient !== undefined, WATCH: watch };
  const shared = { logits, order, losses, faults, params, ...(gradient && { gradient }) };
  const label = rows.label ?? name;
  if (isClassLoss(name)) {
    if (!weights) throw new TypeError(`${name} needs class weights`);
    program.dispatch(loss, name, {
      constants,
      bindings: { ...shared, classes: targets, weights },
      workgroups: [1],
      label,
    });
  } else {
    program.dispatch(loss, "regression", {
      constants: { ...constants, KIND: regressionKinds[name] },
      bindings: { ...shared, targets },
      workgroups: [1],
      label,
    });
  }
}

/** Adds the batch's predictions to `confusion[truth][prediction]`, u32. */
export function countPredictions(
  program: ProgramBuilder,
  rows: Rows & { classes: Operand; confusion: Operand },
): void {
  const { order, params, classes, confusion, batch, label } = rows;
  const { constants, logits } = rowsOf(rows);
  program.dispatch(loss, "count", {
    constants,
    bindings: { logits, order, classes, confusion, params },
    workgroups: [Math.ceil(batch / 64)],
    label,
  });
}
