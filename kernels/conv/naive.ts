/**
 * The textbook's convolution, in PyTorch's order of elements: the yardstick of all other variants, in
 * tests only.
 */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import { fixedParams } from "../../src/gpu/uniforms.ts";
import { flatGrid } from "../tensors.ts";
import source from "./naive.wgsl" with { type: "text" };
import { convInput, convOutput, type ConvShape, volume } from "./shape.ts";

const naiveKernel = defineKernel({
  name: "conv/naive",
  source,
  constants: [],
  params: {
    images: "u32",
    channels: "u32",
    depth: "u32",
    height: "u32",
    width: "u32",
    out_channels: "u32",
    out_depth: "u32",
    out_height: "u32",
    out_width: "u32",
    kernel_depth: "u32",
    kernel_height: "u32",
    kernel_width: "u32",
    stride_z: "u32",
    stride_y: "u32",
    stride_x: "u32",
    pad_z: "u32",
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

/** `output` (`[N][K][O][P][Q]`) = `input` (`[N][C][D][H][W]`) * `weights` (`[K][C][T][R][S]`) + `bias` (`[K]`). */
export function naiveForward(
  program: ProgramBuilder,
  work: { input: Operand; weights: Operand; bias: Operand; output: Operand; shape: ConvShape },
): void {
  const { input, weights, bias, output, shape } = work;
  const outPixels = volume(convOutput(shape));
  program.dispatch(naiveKernel, "forward", {
    bindings: { params: params(program, shape), input, weights, bias, result: output },
    workgroups: grid(program, shape.images * shape.outChannels * outPixels),
  });
}

/** `inGradient` (`[N][C][D][H][W]`) from `outGradient` (`[N][K][O][P][Q]`). */
export function naiveBackwardData(
  program: ProgramBuilder,
  work: { outGradient: Operand; weights: Operand; inGradient: Operand; shape: ConvShape },
): void {
  const { outGradient, weights, inGradient, shape } = work;
  program.dispatch(naiveKernel, "backward_data", {
    bindings: {
      params: params(program, shape),
      weights,
      out_gradient: outGradient,
      result: inGradient,
    },
    workgroups: grid(program, shape.images * shape.channels * volume(convInput(shape))),
  });
}

/** `weightGradient` (`[K][C][T][R][S]`) from `outGradient` (`[N][K][O][P][Q]`). */
export function naiveBackwardWeights(
  program: ProgramBuilder,
  work: { input: Operand; outGradient: Operand; weightGradient: Operand; shape: ConvShape },
): void {
  const { input, outGradient, weightGradient, shape } = work;
  const taps = volume(shape.kernel);
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

function params(program: ProgramBuilder, shape: ConvShape): Operand {
  const [outDepth, outHeight, outWidth] = convOutput(shape);
  return fixedParams(program.device, naiveKernel, {
    images: shape.images,
    channels: shape.channels,
    depth: shape.depth,
    height: shape.height,
    width: shape.width,
    out_channels: shape.outChannels,
    out_depth: outDepth,
    out_height: outHeight,
    out_width: outWidth,
    kernel_depth: shape.kernel[0],
    kernel_height: shape.kernel[1],
    kernel_width: shape.kernel[2],
    stride_z: shape.stride[0],
    stride_y: shape.stride[1],
    stride_x: shape.stride[2],
    pad_z: shape.padding[0],
    pad_y: shape.padding[1],
    pad_x: shape.padding[2],
  });
}
