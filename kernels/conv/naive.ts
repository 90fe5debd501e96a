/**
 * The textbook's convolution, in PyTorch's order of elements: the yardstick of all other variants, in
 * tests only.
 */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import { fixedParams } from "../../src/gpu/uniforms.ts";
import { flatGrid } from "../tensors.ts";
import source from "./naive.wgsl" with { type: "text" };
import { conv2dOutput, type Conv2dShape } from "./shape.ts";

const naiveKernel = defineKernel({
  name: "conv/naive",
  source,
  constants: [],
  params: {
    images: "u32",
    channels: "u32",
    height: "u32",
    width: "u32",
    out_channels: "u32",
    out_height: "u32",
    out_width: "u32",
    kernel_height: "u32",
    kernel_width: "u32",
    stride_y: "u32",
    stride_x: "u32",
    pad_y: "u32",
    pad_x: "u32",
  },
  entries: {
    forward: {
      params: "uniform",
      input: "read",
      weights: "read",
      bias: "read",
      result: "read_write",
    },
    backward_data: {
      params: "uniform",
      weights: "read",
      out_gradient: "read",
      result: "read_write",
    },
    backward_weights: {
      params: "uniform",
      input: "read",
      out_gradient: "read",
      result: "read_write",
    },
  },
});

/** Invocations of a workgroup; a constant of the kernel. */
const LANES = 64;

/** `output` (`[N][K][P][Q]`) = `input` (`[N][C][H][W]`) * `weights` (`[K][C][R][S]`) + `bias` (`[K]`). */
export function naiveForward(
  program: ProgramBuilder,
  work: { input: Operand; weights: Operand; bias: Operand; output: Operand; shape: Conv2dShape },
): void {
  const { input, weights, bias, output, shape } = work;
  const [height, width] = conv2dOutput(shape);
  program.dispatch(naiveKernel, "forward", {
    bindings: { params: params(program, shape), input, weights, bias, result: output },
    workgroups: grid(program, shape.images * shape.outChannels * height * width),
  });
}

/** `inGradient` (`[N][C][H][W]`) from `outGradient` (`[N][K][P][Q]`). */
export function naiveBackwardData(
  program: ProgramBuilder,
  work: { outGradient: Operand; weights: Operand; inGradient: Operand; shape: Conv2dShape },
): void {
  const { outGradient, weights, inGradient, shape } = work;
  program.dispatch(naiveKernel, "backward_data", {
    bindings: {
      params: params(program, shape),
      weights,
      out_gradient: outGradient,
      result: inGradient,
    },
    workgroups: grid(program, shape.images * shape.channels * shape.height * shape.width),
  });
}

/** `weightGradient` (`[K][C][R][S]`) from `outGradient` (`[N][K][P][Q]`). */
export function naiveBackwardWeights(
  program: ProgramBuilder,
  work: { input: Operand; outGradient: Operand; weightGradient: Operand; shape: Conv2dShape },
): void {
  const { input, outGradient, weightGradient, shape } = work;
  const taps = shape.kernel[0] * shape.kernel[1];
  program.dispatch(naiveKernel, "backward_weights", {
    bindings: {
      params: params(program, shape),
      input,
      out_gradient: outGradient,
      result: weightGradient,
    },
    workgroups: grid(program, shape.outChannels * shape.channels * taps),
  });
}

function grid(program: ProgramBuilder, elements: number): [number, number, number] {
  return flatGrid(program.device, elements, LANES);
}

function params(program: ProgramBuilder, shape: Conv2dShape): Operand {
  const [outHeight, outWidth] = conv2dOutput(shape);
  return fixedParams(program.device, naiveKernel, {
    images: shape.images,
    channels: shape.channels,
    height: shape.height,
    width: shape.width,
    out_channels: shape.outChannels,
    out_height: outHeight,
    out_width: outWidth,
    kernel_height: shape.kernel[0],
    kernel_width: shape.kernel[1],
    stride_y: shape.stride[0],
    stride_x: shape.stride[1],
    pad_y: shape.padding[0],
    pad_x: shape.padding[1],
  });
}
