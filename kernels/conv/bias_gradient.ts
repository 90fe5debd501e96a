/** Bias gradient: sums of the output's gradient over images and pixels. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import { fixedParams } from "../../src/gpu/uniforms.ts";
import source from "./bias_gradient.wgsl" with { type: "text" };

const biasGradientKernel = defineKernel({
  name: "conv2d_bias_gradient",
  source,
  constants: ["LANES", "SHARES"],
  params: { images: "u32", blocks: "u32", pixels: "u32", channels: "u32", accumulate: "u32" },
  entries: {
    shares: { params: "uniform", out_gradient: "read", sums: "read_write" },
    collect: { params: "uniform", partial: "read", gradient: "read_write" },
  },
});

/** Shares that the sum of a channel is split into. */
const SHARES = 64;

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
  const { lanes } = program.device;
  const blocks = Math.ceil(channels / 4);
  const params = fixedParams(program.device, biasGradientKernel, {
    images,
    blocks,
    pixels,
    channels,
    accumulate: accumulate ? 1 : 0,
  });
  const sums = program.tensor(`${label} shares`, SHARES * blocks * 16);
  const constants = { LANES: lanes, SHARES };
  program.dispatch(biasGradientKernel, "shares", {
    constants,
    bindings: { params, out_gradient: outGradient, sums },
    workgroups: [Math.ceil(SHARES / lanes), blocks],
    label: `${label}: shares`,
  });
  program.dispatch(biasGradientKernel, "collect", {
    constants,
    bindings: { params, partial: sums, gradient: biasGradient },
    workgroups: [Math.ceil(channels / lanes)],
    label: `${label}: collect`,
  });
}
