/** Bias gradient: sums of the output's gradient over images and pixels. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Device } from "../../src/gpu/device.ts";
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import { fixedParams } from "../../src/gpu/uniforms.ts";
import { laneCount } from "../tensors.ts";
import source from "./bias_gradient.wgsl" with { type: "text" };

const biasGradientKernel = defineKernel({
  name: "conv/bias_gradient",
  source,
  constants: ["LANES", "SHARED", "MERGE_LANES"],
  params: {
    images: "u32",
    blocks: "u32",
    pixels: "u32",
    channels: "u32",
    slices: "u32",
    partials: "u32",
    accumulate: "u32",
  },
  entries: {
    sum_slices: { params: "uniform", out_gradient: "read", partials_out: "read_write" },
    sum_partials: { params: "uniform", partials_in: "read", gradient: "read_write" },
  },
});

/** Pixels that an invocation of a GPU adds, where there are enough. */
const LANE_PIXELS = 16;
/** Most slices on a GPU: of the largest volumes an invocation adds some 50 pixels. */
const MOST_SLICES = 2 ** 18;

/** How the pixels of a channel are split: into slices, each of one invocation, then partial sums. */
function split(device: Device, images: number, pixels: number) {
  if (device.class === "software") {
    // Of large volumes a slice would else be a long way for one invocation.
    const slices = pixels <= 2 ** 17 ? 64 : 1024;
    return { lanes: device.subgroupSize, mergeLanes: 1, shared: false, slices, partials: slices };
  }
  const lanes = laneCount(device);
  const wanted = Math.min(pixels, MOST_SLICES, images * pixels / LANE_PIXELS);
  const partials = Math.max(1, Math.ceil(wanted / lanes));
  return { lanes, mergeLanes: lanes, shared: true, slices: partials * lanes, partials };
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
  const { device } = program;
  const blocks = Math.ceil(channels / 4);
  const { lanes, mergeLanes, shared, slices, partials } = split(device, images, pixels);
  const params = fixedParams(device, biasGradientKernel, {
    images,
    blocks,
    pixels,
    channels,
    slices,
    partials,
    accumulate: accumulate ? 1 : 0,
  });
  const sums = program.tensor(`${label} partial sums`, partials * blocks * 16);
  const constants = { LANES: lanes, SHARED: shared, MERGE_LANES: mergeLanes };
  program.dispatch(biasGradientKernel, "sum_slices", {
    constants,
    bindings: { params, out_gradient: outGradient, partials_out: sums },
    workgroups: [Math.ceil(slices / lanes), blocks],
    label: `${label}: sum slices`,
  });
  program.dispatch(biasGradientKernel, "sum_partials", {
    constants,
    bindings: { params, partials_in: sums, gradient: biasGradient },
    workgroups: [blocks],
    label: `${label}: sum partials`,
  });
}
