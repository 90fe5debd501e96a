/** Batch normalisation with fused activation and residual sum, as `torch.nn.BatchNorm2d`. */
import { defineKernel } from "../src/gpu/kernel.ts";
import type { Operand, PlannedTensor, ProgramBuilder } from "../src/gpu/program.ts";
import { activationCodes, type ActivationName } from "./activation.ts";
import source from "./batch_norm.wgsl" with { type: "text" };
import { blocks, laneCount, pixels, planeGrid, type Shape } from "./tensors.ts";

const batchNorm = defineKernel({
  name: "batch_norm",
  source,
  constants: [
    "LANES",
    "BATCH",
    "CHANNELS",
    "PIXELS",
    "PIXEL_PARTS",
    "IMAGE_PARTS",
    "SPAN",
    "IMAGES",
    "CHUNK",
    "EPSILON",
    "MOMENTUM",
    "ACTIVATION",
    "SLOPE",
    "RESIDUAL",
    "NORMALISED",
    "RECOMPUTE",
    "KEEP_MASKED",
    "ACCUMULATE",
    "WATCH",
  ],
  params: { step: "u32" },
  entries: {
    statistics: { x: "read", partials: "read_write" },
    finish: {
      partial_list: "read",
      parameters: "read",
      running: "read_write",
      moments: "read_write",
      faults: "read_write",
      params: "uniform",
    },
    evaluate: { parameters: "read", running_values: "read", moments: "read_write" },
    apply: {
      x: "read",
      moment_values: "read",
      residual: "read",
      residual_moments: "read",
      y: "read_write",
    },
    backward_sums: {
      x: "read",
      dy: "read",
      output: "read",
      moment_values: "read",
      partials: "read_write",
    },
    backward_finish: { partial_list: "read", means: "read_write", gradients: "read_write" },
    backward_apply: {
      x: "read",
      dy: "read",
      dy_masked: "read_write",
      output: "read",
      moment_values: "read",
      mean_values: "read",
      dx: "read_write",
    },
  },
});

export interface BatchNormOptions {
  shape: Shape;
  activation: ActivationName;
  epsilon?: number;
  momentum?: number;
  label?: string;
}

/** How a channel block's pixels and images are cut into parts that reduce on their own. */
function parts(program: ProgramBuilder, shape: Shape, lanes: number) {
  const software = program.device.class === "software";
  const wanted = Math.ceil((software ? 128 : 512) / blocks(shape));
  const images = Math.ceil(shape.batch / Math.min(wanted, shape.batch));
  const imageParts = Math.ceil(shape.batch / images);
  const rest = Math.ceil(wanted / imageParts);
  const span = Math.max(lanes * 4, Math.ceil(pixels(shape) / rest / lanes) * lanes);
  const pixelParts = Math.ceil(pixels(shape) / span);
  const constants = {
    SPAN: span,
    IMAGES: images,
    PIXEL_PARTS: pixelParts,
    IMAGE_PARTS: imageParts,
  };
  return { constants, count: pixelParts * imageParts };
}

function constantsOf(program: ProgramBuilder, { shape, activation }: BatchNormOptions) {
  const LANES = laneCount(program.device);
  return {
    LANES,
    BATCH: shape.batch,
    CHANNELS: shape.channels,
    PIXELS: pixels(shape),
    ACTIVATION: activationCodes[activation],
  };
}

/**
 * Mean, 1 / standard deviation, gamma / standard deviation and beta of every channel, from the batch; updates the running
 * statistics with the unbiased variance.
 *
 * @param parameters gamma then beta, each aligned to 64 floats
 * @param running mean then variance, likewise
 * @param faults `faults[watch]` takes step + 1 at the first non-finite statistics
 * @returns `[4][blocks]` vectors
 */
export function batchNormStatistics(
  program: ProgramBuilder,
  options: BatchNormOptions,
  { x, parameters, running, faults, watch, step }: {
    x: Operand;
    parameters: Operand;
    running: Operand;
    faults: Operand;
    watch: number;
    step: Operand;
  },
): PlannedTensor {
  const { shape, label, epsilon = 1e-5, momentum = 0.1 } = options;
  const base = constantsOf(program, options);
  const { constants: split, count } = parts(program, shape, base.LANES);
  const constants = { ...base, ...split };
  const partials = program.tensor(`${label} partials`, blocks(shape) * count * 32);
  program.dispatch(batchNorm, "statistics", {
    constants: { ...constants, ACTIVATION: 0 },
    bindings: { x, partials },
    workgroups: [count, blocks(shape)],
    label,
  });
  const moments = program.tensor(`${label} moments`, blocks(shape) * 64);
  program.dispatch(batchNorm, "finish", {
    constants: {
      ...constants,
      ACTIVATION: 0,
      EPSILON: epsilon,
      MOMENTUM: momentum,
      WATCH: watch,
    },
    bindings: { partial_list: partials, parameters, running, moments, faults, params: step },
    workgroups: [Math.ceil(blocks(shape) / base.LANES)],
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
  const { shape, label, epsilon = 1e-5 } = options;
  const moments = program.tensor(`${label} moments`, blocks(shape) * 64);
  const LANES = laneCount(program.device);
  program.dispatch(batchNorm, "evaluate", {
    constants: { LANES, CHANNELS: shape.channels, EPSILON: epsilon },
    bindings: { parameters, running_values: running, moments },
    workgroups: [Math.ceil(blocks(shape) / LANES)],
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
  const base = constantsOf(program, options);
  const { chunk, workgroups } = planeGrid(program.device, options.shape, base.LANES);
  program.dispatch(batchNorm, "apply", {
    constants: {
      ...base,
      BATCH: 1,
      CHUNK: chunk,
      RESIDUAL: residual !== undefined,
      NORMALISED: residualMoments !== undefined,
    },
    bindings: {
      x,
      moment_values: moments,
      y,
      ...(residual && { residual }),
      ...(residualMoments && { residual_moments: residualMoments }),
    },
    workgroups,
    label: options.label,
  });
}

/**
 * Gradients of input and parameters.
 *
 * @param gradients of gamma and beta; absent after {@link batchNormEvaluate}, whose statistics are
 *   constants, so that dx = gamma / standard deviation dy f'(.)
 * @param output f's output when f's derivative needs it; without it ReLU's mask is computed from x,
 *   which is right only when there was no residual
 * @param keepMasked leaves dy f'(.) in `dy`: the residual branch's gradient
 */
export function batchNormBackward(
  program: ProgramBuilder,
  options: BatchNormOptions,
  { x, moments, output, dy, dx, gradients, accumulate, keepMasked = false }: {
    x: Operand;
    moments: Operand;
    output?: Operand;
    dy: Operand;
    dx: Operand;
    gradients?: Operand;
    accumulate: boolean;
    keepMasked?: boolean;
  },
): void {
  const { shape, label, activation } = options;
  const base = {
    ...constantsOf(program, options),
    RECOMPUTE: activation === "relu" && output === undefined,
  };
  const outputs = base.RECOMPUTE ? {} : { output: output ?? x };
  const means = program.tensor(`${label} means`, blocks(shape) * 32);
  if (gradients === undefined) {
    program.clear(means);
  } else {
    const { constants: split, count } = parts(program, shape, base.LANES);
    const constants = { ...base, ...split };
    const partials = program.tensor(
      `${label} backward partials`,
      blocks(shape) * count * 32,
    );
    program.dispatch(batchNorm, "backward_sums", {
      constants,
      bindings: { x, dy, moment_values: moments, partials, ...outputs },
      workgroups: [count, blocks(shape)],
      label,
    });
    program.dispatch(batchNorm, "backward_finish", {
      constants: { ...constants, ACTIVATION: 0, RECOMPUTE: false, ACCUMULATE: accumulate },
      bindings: { partial_list: partials, means, gradients },
      workgroups: [Math.ceil(blocks(shape) / base.LANES)],
      label,
    });
  }
  const { chunk, workgroups } = planeGrid(program.device, shape, base.LANES);
  program.dispatch(batchNorm, "backward_apply", {
    constants: { ...base, BATCH: 1, CHUNK: chunk, KEEP_MASKED: keepMasked },
    bindings: {
      x,
      ...(keepMasked ? { dy_masked: dy } : { dy }),
      moment_values: moments,
      mean_values: means,
      dx,
      ...outputs,
    },
    workgroups,
    label,
  });
}
