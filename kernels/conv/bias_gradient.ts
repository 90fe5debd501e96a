/** Bias gradient: sums of the output's gradient over images and pixels. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import { fixedParams } from "../../src/gpu/uniforms.ts";
import source from "./bias_gradient.wgsl" with { type: "text" };

const biasGradientKernel = defineKernel({
  name: "conv/bias_gradient",
  source,
  constants: ["LANES", "SLICES"],
  params: { images: "u32", blocks: "u32", pixels: "u32", channels: "u32", accumulate: "u32" },
  entries: {
    sum_slices: { params: "uniform", out_gradient: "read", partials_out: "read_write" },
    sum_partials: { params: "uniform", partials_in: "read", gradient: "read_write" },
  },
});

/**
 * Slices of the pixels that the sum of a channel is split into: more for large volumes, of whose pixels
 * a slice would else be a long way for one invocation.
 */
function sliceCount(pixels: number): number {
  return pixels <= 2 ** 17 ? 64 : 1024;
}

/** dB[k] = sum of dY[n][k][pixel]; `outGradient` is `[N][K/4][pixels][4]`. */
export function recordBiasGradient(program: ProgramBuilder, work: {
  outGradient: Operand;
  biasGradient: Operand;
  images: number;
  pixels: number;
  channels: number;
  accumulate: boolean;
  label: string;
}): void {
  const { outGradient, biasGradient, images, pixels, channels, accumulate, label } = work;
  const { subgroupSize: lanes } = program.device;
  const blocks = Math.ceil(channels / 4);
  const params = fixedParams(program.device, biasGradientKernel, {
    images,
    blocks,
    pixels,
    channels,
    accumulate: accumulate ? 1 : 0,
  });
  const slices = sliceCount(pixels);
  const partials = program.tensor(`${label} partial sums`, slices * blocks * 16);
  const constants = { LANES: lanes, SLICES: slices };
  program.dispatch(biasGradientKernel, "sum_slices", {
    constants,
    bindings: { params, out_gradient: outGradient, partials_out: partials },
    workgroups: [Math.ceil(slices / lanes), blocks],
    label: `${label}: sum slices`,
  });
  program.dispatch(biasGradientKernel, "sum_partials", {
    constants,
    bindings: { params, partials_in: partials, gradient: biasGradient },
    workgroups: [Math.ceil(channels / lanes)],
    label: `${label}: sum partials`,
  });
}
