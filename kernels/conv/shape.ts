/** Shapes of convolutions, as layers state them and as kernels run them. */
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import type { Axis, Triple } from "../tensors.ts";
import type { WeightShape } from "./weight_layout.ts";

/** A convolution of volumes, or of images, which are volumes of one plane. */
export interface ConvShape {
  images: number;
  channels: number;
  depth: number;
  height: number;
  width: number;
  outChannels: number;
  kernel: Triple;
  stride: Triple;
  /** Zeros on each side. */
  padding: Triple;
  /**
   * Spatial positions folded into the channels of a linear layer's input, 1 for a convolution:
   * see {@link linearShape}.
   */
  positions?: number;
  /** Whether all channels of the input hold the same values, as those of a grey image in RGB do. */
  repeated?: boolean;
}

export interface WeightGradient {
  input: Operand;
  outGradient: Operand;
  /** In the order of `weight_layout.ts`. */
  weightGradient: Operand;
  shape: ConvShape;
  /** Add to the gradient that is there instead of replacing it. */
  accumulate: boolean;
  label: string;
}

/** Records dW. */
export type WeightGradientVariant = (program: ProgramBuilder, work: WeightGradient) => void;

/** Depth, height and width of the output. */
export function convOutput(shape: ConvShape): [depth: number, height: number, width: number] {
  const side = (size: number, axis: Axis) =>
    Math.floor((size + 2 * shape.padding[axis] - shape.kernel[axis]) / shape.stride[axis]) + 1;
  return [side(shape.depth, 0), side(shape.height, 1), side(shape.width, 2)];
}

/** Depth, height and width of the input. */
export function convInput({ depth, height, width }: ConvShape): Triple {
  return [depth, height, width];
}

/** The product of the numbers along the three axes, such as the pixels of a size. */
export function volume([z, y, x]: Triple): number {
  return z * y * x;
}

/** Whether input or kernel has several planes: images go without the arithmetic along z. */
export function isVolume({ depth, kernel, padding }: ConvShape): boolean {
  return depth > 1 || kernel[0] > 1 || padding[0] > 0;
}

/** Blocks of four channels of the input, a linear layer's positions included. */
export function inputBlocks(shape: ConvShape): number {
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
): ConvShape {
  return {
    images,
    channels,
    depth: 1,
    height: 1,
    width: 1,
    outChannels: outFeatures,
    kernel: [1, 1, 1],
    stride: [1, 1, 1],
    padding: [0, 0, 0],
    positions,
  };
}

/** Shape of the weights of a convolution. */
export function weightShape(
  { outChannels, channels, kernel, positions }: ConvShape,
): WeightShape {
  return { outChannels, channels, positions, taps: volume(kernel) };
}

/** First fields of `Params` of the weight-gradient kernels; `direct_weight_gradient.wgsl` explains them. */
export const weightGradientParams = {
  in_blocks: "u32",
  in_depth: "u32",
  in_height: "u32",
  in_width: "u32",
  out_blocks: "u32",
  out_depth: "u32",
  out_height: "u32",
  out_width: "u32",
  taps_z: "u32",
  taps_y: "u32",
  taps_x: "u32",
  stride_z: "u32",
  stride_y: "u32",
  stride_x: "u32",
  pad_z: "u32",
  pad_y: "u32",
  pad_x: "u32",
} as const;

/** Values of {@link weightGradientParams}. */
export function weightGradientParamValues(
  shape: ConvShape,
): Record<keyof typeof weightGradientParams, number> {
  const [outDepth, outHeight, outWidth] = convOutput(shape);
  return {
    in_blocks: inputBlocks(shape),
    in_depth: shape.depth,
    in_height: shape.height,
    in_width: shape.width,
    out_blocks: Math.ceil(shape.outChannels / 4),
    out_depth: outDepth,
    out_height: outHeight,
    out_width: outWidth,
    taps_z: shape.kernel[0],
    taps_y: shape.kernel[1],
    taps_x: shape.kernel[2],
    stride_z: shape.stride[0],
    stride_y: shape.stride[1],
    stride_x: shape.stride[2],
    pad_z: shape.padding[0],
    pad_y: shape.padding[1],
    pad_x: shape.padding[2],
  };
}
