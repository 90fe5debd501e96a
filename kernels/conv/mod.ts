/**
 * 2D convolution in its three passes, and the linear layer as its 1 x 1 case.
 *
 * Activations are float32 `[N][ceil(C/4)][H][W][4]`; weights and their gradients are in the order of
 * `weight_layout.ts`.
 */
import type { Operand, PlannedTexture, ProgramBuilder } from "../../src/gpu/program.ts";
import { kernelTable } from "../../src/gpu/tuning.ts";
import { recordBiasGradient } from "./bias_gradient.ts";
import { conv2dOutput, type Conv2dShape, type ConvolutionGrid, inputBlocks } from "./shape.ts";
import { directConvolution, directWeightGradient } from "./direct.ts";
import { implicitGemmConvolution, implicitGemmWeightGradient } from "./implicit_gemm.ts";
import { usesWinograd, winogradConvolution, winogradWeightGradient } from "./winograd.ts";

export { conv2dOutput, type Conv2dShape, linearShape, weightShape } from "./shape.ts";

export interface Conv2dForward {
  /** `[N][C/4][H][W][4]` */
  input: Operand;
  /** `[K/4][C/4][R * S][4][4]` */
  weights: Operand;
  /** `[K]` */
  bias?: Operand;
  /** `[N][K/4][P][Q][4]` */
  output: Operand;
  shape: Conv2dShape;
  label?: string;
}

/**
 * Y = X * W + b.
 *
 * @returns the input as Winograd's transformed tiles, where that algorithm ran, for
 * {@link conv2dBackwardWeights}
 */
export function conv2dForward(
  program: ProgramBuilder,
  work: Conv2dForward,
): PlannedTexture | undefined {
  const { shape } = work;
  const { input, weights, bias, output } = work;
  const label = `${work.label ?? "conv2d"} forward`;
  if (usesWinograd(program, shape)) {
    const operands = { input, weights, bias, output, shape };
    return winogradConvolution(program, { ...operands, transposed: false, label });
  }
  const [outHeight, outWidth] = conv2dOutput(shape);
  const grid: ConvolutionGrid = {
    images: shape.images,
    height: outHeight,
    width: outWidth,
    inBlocks: inputBlocks(shape),
    inHeight: shape.height,
    inWidth: shape.width,
    inStart: [-shape.padding[0], -shape.padding[1]],
    stride: shape.stride,
    outBlocks: Math.ceil(shape.outChannels / 4),
    outHeight,
    outWidth,
    outStart: [0, 0],
    outStride: [1, 1],
    taps: { count: shape.kernel, first: [0, 0], step: [1, 1] },
  };
  variantOf(program).convolve(program, {
    input,
    weights,
    bias,
    output,
    shape,
    grids: [grid],
    transposed: false,
    label,
  });
}

export interface Conv2dBackwardData {
  /** `[N][K/4][P][Q][4]` */
  outGradient: Operand;
  /** `[K/4][C/4][R * S][4][4]` */
  weights: Operand;
  /** `[N][C/4][H][W][4]` */
  inGradient: Operand;
  shape: Conv2dShape;
  label?: string;
}

/**
 * dX. Input pixels of one parity (y mod stride, x mod stride) meet the same taps, so each parity is
 * a dense convolution of dY with every stride-th tap, in reverse.
 */
export function conv2dBackwardData(program: ProgramBuilder, work: Conv2dBackwardData): void {
  const { outGradient, weights, inGradient, shape } = work;
  const label = `${work.label ?? "conv2d"} data gradient`;
  if (usesWinograd(program, shape)) {
    const operands = { input: outGradient, weights, output: inGradient, shape };
    winogradConvolution(program, { ...operands, transposed: true, label });
    return;
  }
  const [outHeight, outWidth] = conv2dOutput(shape);
  const grids: ConvolutionGrid[] = [];
  for (let y = 0; y < Math.min(shape.stride[0], shape.height); y++) {
    for (let x = 0; x < Math.min(shape.stride[1], shape.width); x++) {
      const [down, right] = [parityTaps(shape, 0, y), parityTaps(shape, 1, x)];
      const some = down.count > 0 && right.count > 0;
      const count: readonly [number, number] = some ? [down.count, right.count] : [0, 0];
      grids.push({
        images: shape.images,
        height: Math.ceil((shape.height - y) / shape.stride[0]),
        width: Math.ceil((shape.width - x) / shape.stride[1]),
        inBlocks: Math.ceil(shape.outChannels / 4),
        inHeight: outHeight,
        inWidth: outWidth,
        inStart: [down.start, right.start],
        stride: [1, 1],
        outBlocks: inputBlocks(shape),
        outHeight: shape.height,
        outWidth: shape.width,
        outStart: [y, x],
        outStride: shape.stride,
        taps: {
          count,
          first: [down.first, right.first],
          step: [-shape.stride[0], -shape.stride[1]],
        },
      });
    }
  }
  variantOf(program).convolve(program, {
    input: outGradient,
    weights,
    output: inGradient,
    shape,
    grids,
    transposed: true,
    label,
  });
}

/** Taps that reach input pixels of a parity along one axis, last first; `start` as in `inStart`. */
function parityTaps(
  shape: Conv2dShape,
  axis: 0 | 1,
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

export interface Conv2dBackwardWeights {
  /** `[N][C/4][H][W][4]` */
  input: Operand;
  /** What {@link conv2dForward} returned for the same input in the same program. */
  inputTiles?: PlannedTexture;
  /** `[N][K/4][P][Q][4]` */
  outGradient: Operand;
  /** `[K/4][C/4][R * S][4][4]` */
  weightGradient: Operand;
  /** `[K]` */
  biasGradient?: Operand;
  shape: Conv2dShape;
  /** Add to the gradients that are there instead of replacing them. */
  accumulate?: boolean;
  label?: string;
}

/** dW and db. The sum over pixels is split into slices that are added in a fixed order (split-K). */
export function conv2dBackwardWeights(program: ProgramBuilder, work: Conv2dBackwardWeights): void {
  const { input, outGradient, weightGradient, biasGradient, shape } = work;
  const { accumulate = false, label = "conv2d" } = work;
  const name = `${label} weight gradient`;
  if (usesWinograd(program, shape)) {
    const operands = { input, inputTiles: work.inputTiles, outGradient, weightGradient, shape };
    winogradWeightGradient(program, { ...operands, accumulate, label: name });
  } else {
    const operands = { input, outGradient, weightGradient, shape };
    variantOf(program).weightGradient(program, { ...operands, accumulate, label: name });
  }
  if (biasGradient) {
    const [outHeight, outWidth] = conv2dOutput(shape);
    recordBiasGradient(program, {
      outGradient,
      biasGradient,
      images: shape.images,
      pixels: outHeight * outWidth,
      channels: shape.outChannels,
      accumulate,
      label: `${label} bias gradient`,
    });
  }
}

const variants = {
  direct: { convolve: directConvolution, weightGradient: directWeightGradient },
  implicit_gemm: { convolve: implicitGemmConvolution, weightGradient: implicitGemmWeightGradient },
} as const;

function variantOf(program: ProgramBuilder) {
  return variants[kernelTable(program.device).convolution];
}
