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

/** One convolution over a grid of output pixels, as the kernels of every variant run it. */
export interface ConvolutionGrid {
  images: number;
  inBlocks: number;
  inHeight: number;
  inWidth: number;
  rows: number;
  columns: number;
  taps: readonly [number, number];
  stride: readonly [number, number];
  /** Input row and column of tap 0 at output pixel 0. */
  start: readonly [number, number];
  outBlocks: number;
  outHeight: number;
  outWidth: number;
  outStride: readonly [number, number];
  outStart: readonly [number, number];
}

/** The kernel taps that a pass uses: `first + i * step` along each axis. */
export interface Taps {
  count: readonly [number, number];
  first: readonly [number, number];
  step: readonly [number, number];
}

/** A texture of texels or a buffer, as the variant reads it. */
export interface ConvolutionVariant {
  /** Records the convolutions of one input, all with the same weights but each with its own taps. */
  convolve(program: ProgramBuilder, work: {
    input: Operand;
    weights: Operand;
    bias?: Operand;
    output: Operand;
    shape: Conv2dShape;
    parts: readonly { grid: ConvolutionGrid; taps: Taps }[];
    transposed: boolean;
    label: string;
  }): void;
}

/** Records dW, in the order of `weight_layout.ts`. */
export type WeightGradientVariant = (program: ProgramBuilder, work: {
  input: Operand;
  outGradient: Operand;
  weightGradient: Operand;
  shape: Conv2dShape;
  accumulate: boolean;
  label: string;
}) => void;

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

/** How the weights of a convolution stand on the device. */
export function weightShape(
  { outChannels, channels, kernel, positions }: Conv2dShape,
): WeightShape {
  return { outChannels, channels, positions, taps: kernel[0] * kernel[1] };
}

/** `Params` of the convolution kernels of every variant. */
export function gridParams(grid: ConvolutionGrid) {
  return {
    images: grid.images,
    in_blocks: grid.inBlocks,
    in_height: grid.inHeight,
    in_width: grid.inWidth,
    rows: grid.rows,
    columns: grid.columns,
    taps_y: grid.taps[0],
    taps_x: grid.taps[1],
    stride_y: grid.stride[0],
    stride_x: grid.stride[1],
    start_y: grid.start[0],
    start_x: grid.start[1],
    out_blocks: grid.outBlocks,
    out_height: grid.outHeight,
    out_width: grid.outWidth,
    out_stride_y: grid.outStride[0],
    out_stride_x: grid.outStride[1],
    out_start_y: grid.outStart[0],
    out_start_x: grid.outStart[1],
  };
}

/** `Params` that the weight-gradient kernels of every variant share. */
export function gradientParams(shape: Conv2dShape) {
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
