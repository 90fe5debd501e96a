/** Gradients of batch and instance normalisation, with those of activation and residual sum. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import { fixedParams } from "../../src/gpu/uniforms.ts";
import type { Window } from "../pool.ts";
import type { Shape } from "../tensors.ts";
import source from "./backward.wgsl" with { type: "text" };
import { type BatchNormOptions, layer, layerParams } from "./layer.ts";

const kernel = defineKernel({
  name: "batch_norm/backward",
  source,
  constants: [
    "LANES",
    "MERGE_LANES",
    "TOGETHER",
    "ACTIVATION",
    "INSTANCE",
    "SLOPE",
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
  params: { ...layerParams, chunk: "u32" },
  entries: {
    sums: {
      params: "uniform",
      x: "read",
      dy: "read",
      positions: "read",
      output: "read",
      moments: "read",
      partials_out: "read_write",
    },
    merge_sums: {
      params: "uniform",
      partials_in: "read",
      means_out: "read_write",
      gradients: "read_write",
    },
    normalize: {
      params: "uniform",
      x: "read",
      dy: "read",
      dy_masked: "read_write",
      positions: "read",
      output: "read",
      moments: "read",
      means_in: "read",
      dx: "read_write",
    },
  },
});

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
  const { shape, label, activation, slope = 0.01, instance = false } = options;
  const { params: numbers, chunk, lanes, blockCount, partialBytes, ...grids } = layer(
    program,
    options,
  );
  const params = fixedParams(program.device, kernel, { ...numbers, chunk });
  const recompute = activation === "relu" && output === undefined;
  const derivative = {
    LANES: lanes,
    SLOPE: slope,
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
    program.dispatch(kernel, "sums", {
      constants: { ...derivative, TOGETHER: program.device.class === "software" ? 1 : 4 },
      bindings: { params, x, dy, moments, partials_out: partials, ...outputs },
      workgroups: grids.partsGrid,
      label,
    });
    program.dispatch(kernel, "merge_sums", {
      constants: {
        MERGE_LANES: grids.mergeLanes,
        INSTANCE: instance,
        ACCUMULATE: accumulate,
      },
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
  program.dispatch(kernel, "normalize", {
    constants: { ...derivative, KEEP_MASKED: keepMasked, IN_PLACE: dx === undefined },
    bindings: {
      params,
      x,
      ...(keepMasked ? { dy_masked: dy } : dx && { dy }),
      moments,
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
