/** Moments of batch and instance normalisation: of a batch or an image, or from running statistics. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Operand, PlannedTensor, ProgramBuilder } from "../../src/gpu/program.ts";
import { fixedParams } from "../../src/gpu/uniforms.ts";
import { type BatchNormOptions, layer, layerParams } from "./layer.ts";
import source from "./moments.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "batch_norm/moments",
  source,
  constants: ["LANES", "MERGE_LANES", "EPSILON", "MOMENTUM", "INSTANCE"],
  params: { ...layerParams, non_finite_at: "u32" },
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
  },
});

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
  nonFiniteAt = 0,
): PlannedTensor {
  const { label, epsilon = 1e-5, momentum = 0.1, instance = false } = options;
  const { params: numbers, lanes, mergeLanes, ...sizes } = layer(program, options);
  const params = fixedParams(program.device, kernel, { ...numbers, non_finite_at: nonFiniteAt });
  const partials = program.tensor(`${label} partials`, sizes.partialBytes);
  program.dispatch(kernel, "statistics", {
    constants: { LANES: lanes },
    bindings: { params, x, partials_out: partials },
    workgroups: sizes.partsGrid,
    label,
  });
  const moments = program.tensor(`${label} moments`, sizes.blockCount * 64);
  program.dispatch(kernel, "merge_statistics", {
    constants: {
      MERGE_LANES: mergeLanes,
      EPSILON: epsilon,
      MOMENTUM: momentum,
      INSTANCE: instance,
    },
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
  const { params, lanes, blockCount, blocksGrid } = layer(program, options);
  const moments = program.tensor(`${label} moments`, blockCount * 64);
  program.dispatch(kernel, "running_moments", {
    constants: { LANES: lanes, EPSILON: epsilon },
    bindings: {
      params: fixedParams(program.device, kernel, { ...params, non_finite_at: 0 }),
      parameters,
      running_in: running,
      moments_out: moments,
    },
    workgroups: blocksGrid,
    label,
  });
  return moments;
}
