/** Losses of reconstructions by their input, of every image by itself. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import { type Operand, type ProgramBuilder, slice } from "../../src/gpu/program.ts";
import type { RegressionLoss } from "../loss.ts";
import source from "./reconstruction.wgsl" with { type: "text" };
import { blocks, laneCount, pixels, type Shape } from "../tensors.ts";

const reconstruction = defineKernel({
  name: "autoencoder/reconstruction",
  source,
  constants: [
    "LANES",
    "CHANNELS",
    "BLOCKS",
    "PIXELS",
    "PARTS",
    "SPAN",
    "KIND",
    "SCALE",
    "KL_SCALE",
    "GRADIENT",
    "NON_FINITE_AT",
  ],
  params: { step: "u32", seed: "u32", first: "u32", slot: "u32", share: "f32" },
  entries: {
    compare: {
      x: "read",
      y: "read",
      dy: "read_write",
      partials_out: "read_write",
      params: "uniform",
    },
    merge: { partials_in: "read", rows_out: "read_write" },
    total: {
      rows_in: "read",
      losses: "read_write",
      non_finite_steps: "read_write",
      params: "uniform",
    },
  },
});

/**
 * Negative log-likelihoods of the decoder's distribution of each voxel, up to a constant: of N(y, 1/2),
 * which is the squared error, of Bernoulli(y) and of the continuous Bernoulli(y).
 */
export type VariationalLoss = "gaussian" | "bernoulli" | "continuous_bernoulli";

export type ReconstructionLoss = RegressionLoss | VariationalLoss;

export function isVariationalLoss(name: ReconstructionLoss): name is VariationalLoss {
  return name === "gaussian" || name === "bernoulli" || name === "continuous_bernoulli";
}

/** Floats of a row of {@link compareReconstructions}. */
export const errorRow = 8;

/** Pixels of a part, which one workgroup sums: whatever the batch, so that an image's sums are too. */
function spanOf(shape: Shape, lanes: number): number {
  const wanted = Math.ceil(512 / blocks(shape));
  return Math.max(4, Math.ceil(pixels(shape) / wanted / lanes)) * lanes;
}

/**
 * Writes a row of eight floats for each image: the sums over its values of the loss, of |y - x| and of
 * (y - x)^2, its least x, and four zeros, of which `latentDivergence` sets the first.
 *
 * @param rows `[batch][8]` floats
 * @param gradient what takes the derivatives of `scale` times the mean over the batch of these losses
 */
export function compareReconstructions(
  program: ProgramBuilder,
  name: ReconstructionLoss,
  { shape, x, y, rows, scale = 1, gradient, label = "reconstruction" }: {
    shape: Shape;
    x: Operand;
    y: Operand;
    rows: Operand;
    scale?: number;
    gradient?: { dy: Operand; params: Operand };
    label?: string;
  },
): void {
  const LANES = laneCount(program.device);
  const SPAN = spanOf(shape, LANES);
  const pixelParts = Math.ceil(pixels(shape) / SPAN);
  const PARTS = pixelParts * blocks(shape);
  const partials = program.tensor(`${label} partials`, shape.batch * PARTS * 16);
  program.dispatch(reconstruction, "compare", {
    constants: {
      LANES,
      CHANNELS: shape.channels,
      BLOCKS: blocks(shape),
      PIXELS: pixels(shape),
      SPAN,
      KIND: name === "gaussian" ? "MSE" : name.toUpperCase(),
      SCALE: scale,
      GRADIENT: gradient !== undefined,
    },
    bindings: { x, y, partials_out: partials, ...gradient },
    workgroups: [pixelParts, blocks(shape), shape.batch],
    label,
  });
  program.dispatch(reconstruction, "merge", {
    constants: { LANES, PARTS },
    bindings: { partials_in: partials, rows_out: rows },
    workgroups: [shape.batch],
    label,
  });
}

/**
 * Writes to `losses[params.slot]` the mean over the batch of `scale` times the first number of a row and
 * `klScale` times its divergence.
 *
 * @param nonFiniteSteps element `nonFiniteAt` takes step + 1 at the first loss that is not finite
 */
export function totalLoss(
  program: ProgramBuilder,
  { batch, rows, scale, klScale, losses, params, nonFiniteSteps, nonFiniteAt, label }: {
    batch: number;
    rows: Operand;
    scale: number;
    klScale: number;
    losses: Operand;
    params: Operand;
    nonFiniteSteps: Operand;
    nonFiniteAt: number;
    label?: string;
  },
): void {
  program.dispatch(reconstruction, "total", {
    constants: {
      LANES: laneCount(program.device),
      SCALE: scale,
      KL_SCALE: klScale,
      NON_FINITE_AT: nonFiniteAt,
    },
    bindings: {
      rows_in: slice(rows, 0, batch * errorRow * 4),
      losses,
      non_finite_steps: nonFiniteSteps,
      params,
    },
    workgroups: [1],
    label,
  });
}
