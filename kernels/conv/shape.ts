/** Shapes of convolutions, as layers state them and as kernels run them. */
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import type { WeightShape } from "./weight_layout.ts";

export interface Conv2dShape {
  images: number;
  channels: number;
  height: number;
  width: number;
  outChannels: number;
  kernel: readonly [number, number];
  stride: readonly [number, number];
  /** Zeros on each side, along y and x. */
  padding: readonly [number, number];
  /**
   * Spatial positions folded into the channels of a linear layer's input, 1 for a convolution:
   * see {@link linearShape}.
   */
  positions?: number;
}

/**
 * One dense convolution, as the kernels of every variant run it: over all pixels of the output, or over
 * one parity of them (see `conv2dBackwardData`).
 */
export interface ConvolutionGrid {
  images: number;
  /** Output pixels that are computed. */
  height: number;
  width: number;
  inBlocks: number;
  inHeight: number;
  inWidth: number;
  /** Input row and column of tap 0 at grid pixel 0: minus the padding in the forward pass. */
  inStart: readonly [number, number];
  /** Input pixels from one grid pixel to the next. */
  stride: readonly [number, number];
  outBlocks: number;
  outHeight: number;
  outWidth: number;
  /** Output pixel of grid pixel 0, and output pixels from one grid pixel to the next. */
  outStart: readonly [number, number];
  outStride: readonly [number, number];
  taps: Taps;
}

/** The taps (positions of the kernel) that a grid uses: `first + i * step` along each axis. */
export interface Taps {
  count: readonly [number, number];
  first: readonly [number, number];
  step: readonly [number, number];
}

/** Records convolutions of one input with the same weights, each over its own grid. */
export type ConvolutionVariant = (program: ProgramBuilder, work: {
  input: Operand;
  weights: Operand;
  bias?: Operand;
  output: Operand;
  shape: Conv2dShape;
  grids: readonly ConvolutionGrid[];
  /** The data gradient, which reduces over the weights' output channels. */
  transposed: boolean;
  label: string;
}) => void;

export interface WeightGradient {
  input: Operand;
  outGradient: Operand;
  /** In the order of `weight_layout.ts`. */
  weightGradient: Operand;
  shape: Conv2dShape;
  /** Add to the gradient that is there instead of replacing it. */
  accumulate: boolean;
  label: string;
}

/** Records dW. */
export type WeightGradientVariant = (program: ProgramBuilder, work: WeightGradient) => void;

/** Height and width of the output. */
export function conv2dOutput(shape: Conv2dShape): [height: number, width: number] {
  const side = (size: number, axis: 0 | 1) =>
    Math.floor((size + 2 * shape.padding[axis] - shape.kernel[axis]) / shape.stride[axis]) + 1;
  return [side(shape.height, 0), side(shape.width, 1)];
}

/** Blocks of four channels of the input, a linear layer's positions included. */
export function inputBlocks(shape: Conv2dShape): number {
  return Math.ceil(shape.channels / 4) * (shape.positions ?? 1);
}

/**
 * A linear layer over `channels` maps of `positions` pixels each (1 after global pooling): weights
 * are those of PyTorch's `[outFeatures][channels * positions]`, input is `[N][C/4][positions][4]`, output
 * `[N][outFeatures/4][4]`.
 */
export function linearShape(
  images: number,
  channels: number,
  outFeatures: number,
  positions = 1,
): Conv2dShape {
  return {
    images,
    channels,
    height: 1,
    width: 1,
    outChannels: outFeatures,
    kernel: [1, 1],
    stride: [1, 1],
    padding: [0, 0],
    positions,
  };
}

/** Shape of the weights of a convolution. */
export function weightShape(
  { outChannels, channels, kernel, positions }: Conv2dShape,
): WeightShape {
  return { outChannels, channels, positions, taps: kernel[0] * kernel[1] };
}

/** First fields of `Params` of the convolution kernels; `direct.wgsl` explains them. */
export const gridParams = {
  images: "u32",
  grid_height: "u32",
  grid_width: "u32",
  in_blocks: "u32",
  in_height: "u32",
  in_width: "u32",
  in_start_y: "i32",
  in_start_x: "i32",
  stride_y: "u32",
  stride_x: "u32",
  out_blocks: "u32",
  out_height: "u32",
  out_width: "u32",
  out_start_y: "u32",
  out_start_x: "u32",
  out_stride_y: "u32",
  out_stride_x: "u32",
  taps_y: "u32",
  taps_x: "u32",
} as const;

/** Values of {@link gridParams}. */
export function gridParamValues(grid: ConvolutionGrid): Record<keyof typeof gridParams, number> {
  return {
    images: grid.images,
    grid_height: grid.height,
    grid_width: grid.width,
    in_blocks: grid.inBlocks,
    in_height: grid.inHeight,
    in_width: grid.inWidth,
    in_start_y: grid.inStart[0],
    in_start_x: grid.inStart[1],
    stride_y: grid.stride[0],
    stride_x: grid.stride[1],
    out_blocks: grid.outBlocks,
    out_height: grid.outHeight,
    out_width: grid.outWidth,
    out_start_y: grid.outStart[0],
    out_start_x: grid.outStart[1],
    out_stride_y: grid.outStride[0],
    out_stride_x: grid.outStride[1],
    taps_y: grid.taps.count[0],
    taps_x: grid.taps.count[1],
  };
}

/** First fields of `Params` of the weight-gradient kernels; `direct_weight_gradient.wgsl` explains them. */
export const weightGradientParams = {
  in_blocks: "u32",
  in_height: "u32",
  in_width: "u32",
  out_blocks: "u32",
  out_height: "u32",
  out_width: "u32",
  taps_y: "u32",
  taps_x: "u32",
  stride_y: "u32",
  stride_x: "u32",
  pad_y: "u32",
  pad_x: "u32",
} as const;

/** Values of {@link weightGradientParams}. */
export function weightGradientParamValues(
  shape: Conv2dShape,
): Record<keyof typeof weightGradientParams, number> {
  const [outHeight, outWidth] = conv2dOutput(shape);
  return {
    in_blocks: inputBlocks(shape),
    in_height: shape.height,
    in_width: shape.width,
    out_blocks: Math.ceil(shape.outChannels / 4),
    out_height: outHeight,
    out_width: outWidth,
    taps_y: shape.kernel[0],
    taps_x: shape.kernel[1],
    stride_y: shape.stride[0],
    stride_x: shape.stride[1],
    pad_y: shape.padding[0],
    pad_x: shape.padding[1],
  };
}
