/** Normalisation by moments, with fused activation and residual sum. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import { fixedParams } from "../../src/gpu/uniforms.ts";
import { type BatchNormOptions, layer } from "./layer.ts";
import source from "./normalize.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "batch_norm/normalize",
  source,
  constants: ["LANES", "ACTIVATION", "SLOPE", "RESIDUAL", "NORMALISED"],
  params: { blocks: "u32", pixels: "u32", chunk: "u32" },
  entries: {
    main: {
      params: "uniform",
      x: "read",
      moments: "read",
      residual: "read",
      residual_moments: "read",
      y: "read_write",
    },
  },
});

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
  const { activation, slope = 0.01, label } = options;
  const { params, chunk, lanes, planeGrid: workgroups } = layer(program, options);
  program.dispatch(kernel, "main", {
    constants: {
      LANES: lanes,
      SLOPE: slope,
      ACTIVATION: activation.toUpperCase(),
      RESIDUAL: residual !== undefined,
      NORMALISED: residualMoments !== undefined,
    },
    bindings: {
      params: fixedParams(program.device, kernel, {
        blocks: params.blocks,
        pixels: params.pixels,
        chunk,
      }),
      x,
      moments,
      y,
      ...(residual && { residual }),
      ...(residualMoments && { residual_moments: residualMoments }),
    },
    workgroups,
    label,
  });
}
