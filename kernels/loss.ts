/** Losses with PyTorch's definitions and mean reduction. */
import { defineKernel } from "../src/gpu/kernel.ts";
import { type Operand, type ProgramBuilder, slice } from "../src/gpu/program.ts";
import source from "./loss.wgsl" with { type: "text" };

const loss = defineKernel({
  name: "loss",
  source,
  constants: [
    "LANES",
    "OUTPUTS",
    "ROW",
    "KIND",
    "DELTA",
    "SMOOTHED",
    "SMOOTHING",
    "FOCAL",
    "FOCUS",
    "GRADIENT",
    "NON_FINITE_AT",
  ],
  params: { step: "u32", seed: "u32", first: "u32", slot: "u32", share: "f32" },
  entries: {
    cross_entropy: {
      logits: "read",
      order: "read",
      classes: "read",
      weights: "read",
      losses: "read_write",
      gradient: "read_write",
      non_finite_steps: "read_write",
      params: "uniform",
    },
    multi_margin: {
      logits: "read",
      order: "read",
      classes: "read",
      weights: "read",
      losses: "read_write",
      gradient: "read_write",
      non_finite_steps: "read_write",
      params: "uniform",
    },
    regression: {
      logits: "read",
      order: "read",
      targets: "read",
      losses: "read_write",
      gradient: "read_write",
      non_finite_steps: "read_write",
      params: "uniform",
    },
  },
});

/** Losses whose target is a class. */
export type ClassLoss = "cross_entropy" | "focal" | "multi_margin";

/** The usual exponent of the focal loss. */
export const FOCAL_GAMMA = 2;

/** Losses whose target is one number an output. */
export type RegressionLoss =
  | "mse"
  | "l1"
  | "huber"
  | "smooth_l1"
  | "bce_with_logits"
  | "kl_div";
export type LossName = ClassLoss | RegressionLoss;

export function isClassLoss(name: LossName): name is ClassLoss {
  return name === "cross_entropy" || name === "focal" || name === "multi_margin";
}

/**
 * Writes the batch's loss to `losses[params.slot]` and, when `gradient` is given, dloss/dlogits.
 *
 * @param logits `[batch][ceil(outputs / 4) * 4]`
 * @param order item of each sample: `order[params.first + n]`
 * @param targets class of each item (u32) for class losses, else `[items][outputs]` floats
 * @param weights one a class, for class losses
 * @param labelSmoothing of `cross_entropy`: the share of every target that all classes get alike
 * @param focalGamma of `focal`: its exponent
 * @param nonFiniteSteps element `nonFiniteAt` takes step + 1 at the first loss that is not finite
 */
export function lossForward(
  program: ProgramBuilder,
  name: LossName,
  rows: {
    batch: number;
    outputs: number;
    logits: Operand;
    order: Operand;
    params: Operand;
    targets: Operand;
    weights?: Operand;
    labelSmoothing?: number;
    focalGamma?: number;
    losses: Operand;
    gradient?: Operand;
    nonFiniteSteps: Operand;
    nonFiniteAt: number;
    label?: string;
  },
): void {
  const { batch, outputs, order, params, targets, weights, losses, gradient } = rows;
  const row = Math.ceil(outputs / 4) * 4;
  const constants = {
    LANES: 64,
    OUTPUTS: outputs,
    ROW: row,
    GRADIENT: gradient !== undefined,
    NON_FINITE_AT: rows.nonFiniteAt,
  };
  const shared = {
    // Those of this batch alone: the kernel counts its rows.
    logits: slice(rows.logits, 0, batch * row * 4),
    order,
    losses,
    non_finite_steps: rows.nonFiniteSteps,
    params,
    ...(gradient && { gradient }),
  };
  const label = rows.label ?? name;
  if (isClassLoss(name)) {
    if (!weights) throw new TypeError(`${name} needs class weights`);
    const { labelSmoothing = 0, focalGamma = FOCAL_GAMMA } = rows;
    program.dispatch(loss, name === "multi_margin" ? name : "cross_entropy", {
      constants: {
        ...constants,
        SMOOTHED: labelSmoothing > 0,
        SMOOTHING: labelSmoothing,
        FOCAL: name === "focal",
        FOCUS: focalGamma,
      },
      bindings: { ...shared, classes: targets, weights },
      workgroups: [1],
      label,
    });
  } else {
    program.dispatch(loss, "regression", {
      constants: { ...constants, KIND: name.toUpperCase() },
      bindings: { ...shared, targets },
      workgroups: [1],
      label,
    });
  }
}
