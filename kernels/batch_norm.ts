/** Batch and instance normalisation with fused activation and residual sum, of images and volumes. */
import { defineKernel } from "../src/gpu/kernel.ts";
import type { Device } from "../src/gpu/device.ts";
import type { Operand, PlannedTensor, ProgramBuilder } from "../src/gpu/program.ts";
import { fixedParams } from "../src/gpu/uniforms.ts";
import type { ActivationName } from "./activation.ts";
import source from "./batch_norm.wgsl" with { type: "text" };
import type { Window } from "./pool.ts";
import { aligned, blocks, laneCount, pixels, planeGrid, type Shape } from "./tensors.ts";

const batchNorm = defineKernel({
  name: "batch_norm",
  source,
  constants: [
    "LANES",
    "MERGE_LANES",
    "EPSILON",
    "MOMENTUM",
    "ACTIVATION",
    "INSTANCE",
    "SLOPE",
    "RESIDUAL",
    "NORMALISED",
    "RECOMPUTE",
    "KEEP_MASKED",
    "IN_PLACE",
    "POOLED",
    "DEPTH",
    "HEIGHT",
    "WIDTH",
    "KERNEL_DEPTH",
    "KERNEL_HEIGHT",
    "KERNEL_WIDTH",
    "PAD_FRONT",
    "PAD_TOP",
    "PAD_LEFT",
    "ACCUMULATE",
  ],
  params: {
    batch: "u32",
    channels: "u32",
    blocks: "u32",
    pixels: "u32",
    values: "u32",
    shift_at: "u32",
    parts: "u32",
    pixel_parts: "u32",
    span: "u32",
    images: "u32",
    chunk: "u32",
    non_finite_at: "u32",
  },
  entries: {
    statistics: { params: "uniform", x: "read", partials_out: "read_write" },
    merge_statistics: {
      partials_in: "read",
      parameters: "read",
      running: "read_write",
      moments_out: "read_write",
      non_finite_steps: "read_write",
      params: "uniform",
      now: "uniform",
    },
    running_moments: {
      params: "uniform",
      parameters: "read",
      running_in: "read",
      moments_out: "read_write",
    },
    normalize: {
      params: "uniform",
      x: "read",
      moments_in: "read",
      residual: "read",
      residual_moments: "read",
      y: "read_write",
    },
    backward_sums: {
      params: "uniform",
      x: "read",
      dy: "read",
      positions: "read",
      output: "read",
      moments_in: "read",
      partials_out: "read_write",
    },
    merge_backward_sums: {
      params: "uniform",
      partials_in: "read",
      means_out: "read_write",
      gradients: "read_write",
    },
    backward_normalize: {
      params: "uniform",
      x: "read",
      dy: "read",
      dy_masked: "read_write",
      positions: "read",
      output: "read",
      moments_in: "read",
      means_in: "read",
      dx: "read_write",
    },
  },
});

export interface BatchNormOptions {
  shape: Shape;
  activation: ActivationName;
  /** Of LeakyReLU below zero, 0.01 by default. */
  slope?: number;
  /** Instance normalisation: each image by itself, without parameters or running statistics. */
  instance?: boolean;
  epsilon?: number;
  momentum?: number;
  label?: string;
}

/** How a channel block's pixels and images are cut into parts that reduce on their own. */
function parts(device: Device, shape: Shape) {
  const lanes = laneCount(device);
  const isSoftware = device.class === "software";
  // On a GPU an invocation reads at most some 64 pixels.
  const least = isSoftware ? 0 : Math.ceil(shape.batch * pixels(shape) / (64 * lanes));
  const wanted = Math.max(least, Math.ceil((isSoftware ? 128 : 512) / blocks(shape)));
  const images = Math.ceil(shape.batch / Math.min(wanted, shape.batch));
  const imageParts = Math.ceil(shape.batch / images);
  const rest = Math.ceil(wanted / imageParts);
  const span = Math.max(lanes * 4, Math.ceil(pixels(shape) / rest / lanes) * lanes);
  const pixelParts = Math.ceil(pixels(shape) / span);
  return { span, images, pixel_parts: pixelParts, parts: pixelParts * imageParts };
}

/** The channels that are normalised: of instance normalisation the blocks of all images, as of one. */
function normalisedShape({ shape, instance = false }: BatchNormOptions): Shape {
  if (!instance) return shape;
  return { ...shape, batch: 1, channels: shape.batch * blocks(shape) * 4 };
}

/** A layer's shape as the kernels read it, and the grids that go with it. */
function layer({ device }: ProgramBuilder, options: BatchNormOptions, nonFiniteAt = 0) {
  const shape = normalisedShape(options);
  const lanes = laneCount(device);
  const plane = planeGrid(device, shape, lanes);
  const split = parts(device, shape);
  const params = fixedParams(device, batchNorm, {
    batch: shape.batch,
    channels: shape.channels,
    blocks: blocks(shape),
    pixels: pixels(shape),
    values: shape.batch * pixels(shape),
    shift_at: aligned(shape.channels),
    ...split,
    chunk: plane.chunk,
    non_finite_at: nonFiniteAt,
  });
  const { instance = false, slope = 0.01 } = options;
  return {
    constants: {
      LANES: lanes,
      MERGE_LANES: device.class === "software" ? 1 : lanes,
      INSTANCE: instance,
      SLOPE: slope,
    },
    params,
    blockCount: blocks(shape),
    partialBytes: blocks(shape) * split.parts * 32,
    partsGrid: [split.parts, blocks(shape)] as const,
    mergeGrid: [blocks(shape)] as const,
    blocksGrid: [Math.ceil(blocks(shape) / lanes)] as const,
    planeGrid: plane.workgroups,
  };
}

/**
 * Mean, 1 / standard deviation, gamma / standard deviation and beta of every channel, from the batch;
 * updates the running statistics with the unbiased variance.
 *
 * @param parameters gamma then beta, each aligned to 64 floats
 * @param running mean then variance, likewise
 * @param nonFiniteSteps element `nonFiniteAt` takes step + 1 at the first non-finite statistics
 * @returns `[4][blocks]` vectors
 */
export function batchNormStatistics(
  program: ProgramBuilder,
  options: BatchNormOptions,
  { x, parameters, running, nonFiniteSteps, nonFiniteAt, step }: {
    x: Operand;
    parameters: Operand;
    running: Operand;
    nonFiniteSteps: Operand;
    nonFiniteAt: number;
    step: Operand;
  },
): PlannedTensor {
  const learned = { parameters, running, non_finite_steps: nonFiniteSteps, now: step };
  return recordStatistics(program, options, x, learned, nonFiniteAt);
}

/**
 * The same of every channel of each image, where gamma is 1 and beta 0.
 *
 * @returns `[4][batch * blocks]` vectors
 */
export function instanceNormStatistics(
  program: ProgramBuilder,
  options: BatchNormOptions & { instance: true },
  x: Operand,
): PlannedTensor {
  return recordStatistics(program, options, x);
}

function recordStatistics(
  program: ProgramBuilder,
  options: BatchNormOptions,
  x: Operand,
  learned?: Record<"parameters" | "running" | "non_finite_steps" | "now", Operand>,
  nonFiniteAt?: number,
): PlannedTensor {
  const { label, epsilon = 1e-5, momentum = 0.1 } = options;
  const { constants, params, ...sizes } = layer(program, options, nonFiniteAt);
  const partials = program.tensor(`${label} partials`, sizes.partialBytes);
  program.dispatch(batchNorm, "statistics", {
    constants,
    bindings: { params, x, partials_out: partials },
    workgroups: sizes.partsGrid,
    label,
  });
  const moments = program.tensor(`${label} moments`, sizes.blockCount * 64);
  program.dispatch(batchNorm, "merge_statistics", {
    constants: { ...constants, EPSILON: epsilon, MOMENTUM: momentum },
    bindings: { params, partials_in: partials, moments_out: moments, ...learned },
    workgroups: sizes.mergeGrid,
    label,
  });
  return moments;
}

/** The same from the running statistics, for evaluation. */
export function batchNormEvaluate(
  program: ProgramBuilder,
  options: BatchNormOptions,
  { parameters, running }: { parameters: Operand; running: Operand },
): PlannedTensor {
  const { label, epsilon = 1e-5 } = options;
  const { constants, params, blockCount, blocksGrid } = layer(program, options);
  const moments = program.tensor(`${label} moments`, blockCount * 64);
  program.dispatch(batchNorm, "running_moments", {
    constants: { ...constants, EPSILON: epsilon },
    bindings: { params, parameters, running_in: running, moments_out: moments },
    workgroups: blocksGrid,
    label,
  });
  return moments;
}

/** y = f((x - mean) scale + beta [+ residual, normalised by its own moments when given]). */
export function batchNormApply(
  program: ProgramBuilder,
  options: BatchNormOptions,
  { x, moments, y, residual, residualMoments }: {
    x: Operand;
    moments: Operand;
    y: Operand;
    residual?: Operand;
    residualMoments?: Operand;
  },
): void {
  const { activation, label } = options;
  const { constants, params, planeGrid: workgroups } = layer(program, options);
  program.dispatch(batchNorm, "normalize", {
    constants: {
      ...constants,
      ACTIVATION: activation.toUpperCase(),
      RESIDUAL: residual !== undefined,
      NORMALISED: residualMoments !== undefined,
    },
    bindings: {
      params,
      x,
      moments_in: moments,
      y,
      ...(residual && { residual }),
      ...(residualMoments && { residual_moments: residualMoments }),
    },
    workgroups,
    label,
  });
}

/**
 * Gradients of input and parameters.
 *
 * @param gradients of gamma and beta; absent after {@link batchNormEvaluate}, whose statistics are
 *   constants, so that dx = gamma / standard deviation dy f'(.), and of instance normalisation
 * @param output f's output when f's derivative needs it; without it ReLU's mask is computed from x,
 *   which is right only when there was no residual
 * @param dx absent where the gradient of the input replaces `dy`; not with `pool`
 * @param pool a max pool behind f whose windows tile f's output, and the positions of its maxima: `dy` is
 *   the gradient of its output
 * @param keepMasked leaves dy f'(.) in `dy`: the residual branch's gradient; not with `pool`, nor
 *   without `dx`
 */
export function batchNormBackward(
  program: ProgramBuilder,
  options: BatchNormOptions,
  { x, moments, output, dy, pool, dx, gradients, accumulate, keepMasked = false }: {
    x: Operand;
    moments: Operand;
    output?: Operand;
    dy: Operand;
    dx?: Operand;
    pool?: { window: Window; positions: Operand };
    gradients?: Operand;
    accumulate: boolean;
    keepMasked?: boolean;
  },
): void {
  const { shape, label, activation, instance = false } = options;
  const { constants, params, blockCount, partialBytes, ...grids } = layer(program, options);
  const recompute = activation === "relu" && output === undefined;
  const derivative = {
    ...constants,
    ACTIVATION: activation.toUpperCase(),
    RECOMPUTE: recompute,
    ...(pool && pooledConstants(shape, pool.window)),
  };
  const outputs = {
    ...(recompute || activation === "none" ? {} : { output: output ?? x }),
    ...(pool && { positions: pool.positions }),
  };
  const means = program.tensor(`${label} means`, blockCount * 32);
  if (gradients === undefined && !instance) {
    program.clear(means);
  } else {
    const partials = program.tensor(`${label} backward partials`, partialBytes);
    program.dispatch(batchNorm, "backward_sums", {
      constants: derivative,
      bindings: { params, x, dy, moments_in: moments, partials_out: partials, ...outputs },
      workgroups: grids.partsGrid,
      label,
    });
    program.dispatch(batchNorm, "merge_backward_sums", {
      constants: { ...constants, ACCUMULATE: accumulate },
      bindings: {
        params,
        partials_in: partials,
        means_out: means,
        ...(gradients && { gradients }),
      },
      workgroups: grids.mergeGrid,
      label,
    });
  }
  program.dispatch(batchNorm, "backward_normalize", {
    constants: { ...derivative, KEEP_MASKED: keepMasked, IN_PLACE: dx === undefined },
    bindings: {
      params,
      x,
      ...(keepMasked ? { dy_masked: dy } : dx && { dy }),
      moments_in: moments,
      means_in: means,
      dx: dx ?? dy,
      ...outputs,
    },
    workgroups: grids.planeGrid,
    label,
  });
}

function pooledConstants({ depth, height, width }: Shape, { kernel, padFront }: Window) {
  return {
    POOLED: true,
    DEPTH: depth,
    HEIGHT: height,
    WIDTH: width,
    KERNEL_DEPTH: kernel[0],
    KERNEL_HEIGHT: kernel[1],
    KERNEL_WIDTH: kernel[2],
    PAD_FRONT: padFront[0],
    PAD_TOP: padFront[1],
    PAD_LEFT: padFront[2],
  };
}
