/** Convolutions as the kernels of every variant run them. */
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import type { Axis, Triple } from "../tensors.ts";
import { convInput, convOutput, type ConvShape, inputBlocks } from "./shape.ts";

/**
 * One dense convolution, as the kernels of every variant run it: over all pixels of the output, or over
 * one parity of them (see {@link backwardGrids}).
 */
export interface ConvolutionGrid {
  images: number;
  /** Output pixels that are computed. */
  size: Triple;
  inBlocks: number;
  inSize: Triple;
  /** Input pixel of tap 0 at grid pixel 0: minus the padding in the forward pass. */
  inStart: Triple;
  /** Input pixels from one grid pixel to the next. */
  stride: Triple;
  outBlocks: number;
  outSize: Triple;
  /** Output pixel of grid pixel 0, and output pixels from one grid pixel to the next. */
  outStart: Triple;
  outStride: Triple;
  taps: Taps;
}

/** The taps (positions of the kernel) that a grid uses: `first + i * step` along each axis. */
export interface Taps {
  count: Triple;
  first: Triple;
  step: Triple;
}

/** Records convolutions of one input with the same weights, each over its own grid. */
export type ConvolutionVariant = (program: ProgramBuilder, work: {
  input: Operand;
  weights: Operand;
  bias?: Operand;
  output: Operand;
  shape: ConvShape;
  grids: readonly ConvolutionGrid[];
  /** The data gradient, which reduces over the weights' output channels. */
  transposed: boolean;
  label: string;
}) => void;

/** The forward pass. */
export function forwardGrid(shape: ConvShape): ConvolutionGrid {
  const outSize = convOutput(shape);
  return {
    images: shape.images,
    size: outSize,
    inBlocks: inputBlocks(shape),
    inSize: convInput(shape),
    inStart: negated(shape.padding),
    stride: shape.stride,
    outBlocks: Math.ceil(shape.outChannels / 4),
    outSize,
    outStart: [0, 0, 0],
    outStride: [1, 1, 1],
    taps: { count: shape.kernel, first: [0, 0, 0], step: [1, 1, 1] },
  };
}

/**
 * The data gradient. Input pixels of one parity (their position modulo the stride) meet the same taps, so
 * each parity is a dense convolution of dY with every stride-th tap, in reverse.
 */
export function backwardGrids(shape: ConvShape): ConvolutionGrid[] {
  return parities(shape).map((parity): ConvolutionGrid => {
    const inSize = convInput(shape);
    const taps = perAxis((axis) => parityTaps(shape, axis, parity[axis]));
    const some = taps.every(({ count }) => count > 0);
    return {
      images: shape.images,
      size: perAxis((axis) => Math.ceil((inSize[axis] - parity[axis]) / shape.stride[axis])),
      inBlocks: Math.ceil(shape.outChannels / 4),
      inSize: convOutput(shape),
      inStart: perAxis((axis) => taps[axis].start),
      stride: [1, 1, 1],
      outBlocks: inputBlocks(shape),
      outSize: inSize,
      outStart: parity,
      outStride: shape.stride,
      taps: {
        count: some ? perAxis((axis) => taps[axis].count) : [0, 0, 0],
        first: perAxis((axis) => taps[axis].first),
        step: negated(shape.stride),
      },
    };
  });
}

/** Positions modulo the stride that input pixels have. */
function parities(shape: ConvShape): Triple[] {
  const [depth, height, width] = perAxis((axis) =>
    Math.min(shape.stride[axis], convInput(shape)[axis])
  );
  const found: Triple[] = [];
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) found.push([z, y, x]);
    }
  }
  return found;
}

function perAxis<T>(of: (axis: Axis) => T): [z: T, y: T, x: T] {
  return [of(0), of(1), of(2)];
}

function negated([z, y, x]: Triple): Triple {
  return [-z, -y, -x];
}

/** Taps that reach input pixels of a parity along one axis, last first; `start` as in `inStart`. */
function parityTaps(
  shape: ConvShape,
  axis: Axis,
  parity: number,
): { count: number; first: number; start: number } {
  const { kernel, stride, padding } = shape;
  const nearest = (parity + padding[axis]) % stride[axis];
  const count = Math.max(0, Math.ceil((kernel[axis] - nearest) / stride[axis]));
  return {
    count,
    first: nearest + (count - 1) * stride[axis],
    start: Math.floor((parity + padding[axis]) / stride[axis]) - (count - 1),
  };
}

/** First fields of `Params` of the convolution kernels; `direct.wgsl` explains them. */
export const gridParams = {
  images: "u32",
  grid_depth: "u32",
  grid_height: "u32",
  grid_width: "u32",
  in_blocks: "u32",
  in_depth: "u32",
  in_height: "u32",
  in_width: "u32",
  in_start_z: "i32",
  in_start_y: "i32",
  in_start_x: "i32",
  stride_z: "u32",
  stride_y: "u32",
  stride_x: "u32",
  out_blocks: "u32",
  out_depth: "u32",
  out_height: "u32",
  out_width: "u32",
  out_start_z: "u32",
  out_start_y: "u32",
  out_start_x: "u32",
  out_stride_z: "u32",
  out_stride_y: "u32",
  out_stride_x: "u32",
  taps_z: "u32",
  taps_y: "u32",
  taps_x: "u32",
} as const;

/** Values of {@link gridParams}. */
export function gridParamValues(grid: ConvolutionGrid): Record<keyof typeof gridParams, number> {
  return {
    images: grid.images,
    grid_depth: grid.size[0],
    grid_height: grid.size[1],
    grid_width: grid.size[2],
    in_blocks: grid.inBlocks,
    in_depth: grid.inSize[0],
    in_height: grid.inSize[1],
    in_width: grid.inSize[2],
    in_start_z: grid.inStart[0],
    in_start_y: grid.inStart[1],
    in_start_x: grid.inStart[2],
    stride_z: grid.stride[0],
    stride_y: grid.stride[1],
    stride_x: grid.stride[2],
    out_blocks: grid.outBlocks,
    out_depth: grid.outSize[0],
    out_height: grid.outSize[1],
    out_width: grid.outSize[2],
    out_start_z: grid.outStart[0],
    out_start_y: grid.outStart[1],
    out_start_x: grid.outStart[2],
    out_stride_z: grid.outStride[0],
    out_stride_y: grid.outStride[1],
    out_stride_x: grid.outStride[2],
    taps_z: grid.taps.count[0],
    taps_y: grid.taps.count[1],
    taps_x: grid.taps.count[2],
  };
}
