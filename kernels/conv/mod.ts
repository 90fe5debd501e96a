/**
 * Convolution in 2D and 3D in its three passes, and the linear layer as its 1 x 1 case.
 *
 * Activations are float32 `[N][ceil(C/4)][D][H][W][4]`, D = 1 in 2D; weights and their gradients are in
 * the order of `weight_layout.ts`.
 */
import type { Operand, PlannedTexture, ProgramBuilder } from "../../src/gpu/program.ts";
import { kernelTable } from "../../src/gpu/tuning.ts";
import { recordBiasGradient } from "./bias_gradient.ts";
import type { Axis, Triple } from "../tensors.ts";
import {
  convInput,
  type ConvolutionGrid,
  convOutput,
  type ConvShape,
  inputBlocks,
  volume,
} from "./shape.ts";
import { directConvolution, directWeightGradient } from "./direct.ts";
import { implicitGemmConvolution, implicitGemmWeightGradient } from "./implicit_gemm.ts";
import { usesWinograd, winogradConvolution, winogradWeightGradient } from "./winograd.ts";

export { convOutput, type ConvShape, linearShape, volume, weightShape } from "./shape.ts";

export interface ConvForward {
  /** `[N][C/4][D][H][W][4]` */
  input: Operand;
  /** `[K/4][C/4][taps][4][4]` */
  weights: Operand;
  /** `[K]` */
  bias?: Operand;
  /** `[N][K/4][O][P][Q][4]` */
  output: Operand;
  shape: ConvShape;
  label?: string;
}

/**
 * Y = X * W + b.
 *
 * @returns the input as Winograd's transformed tiles, where that algorithm ran, for
 * {@link convBackwardWeights}
 */
export function convForward(
  program: ProgramBuilder,
  work: ConvForward,
): PlannedTexture | undefined {
  const { shape } = work;
  const { input, weights, bias, output } = work;
  const label = `${work.label ?? "convolution"} forward`;
  if (usesWinograd(program, shape)) {
    const operands = { input, weights, bias, output, shape };
    return winogradConvolution(program, { ...operands, transposed: false, label });
  }
  const outSize = convOutput(shape);
  const grid: ConvolutionGrid = {
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

export interface ConvBackwardData {
  /** `[N][K/4][O][P][Q][4]` */
  outGradient: Operand;
  /** `[K/4][C/4][taps][4][4]` */
  weights: Operand;
  /** `[N][C/4][D][H][W][4]` */
  inGradient: Operand;
  shape: ConvShape;
  label?: string;
}

/**
 * dX. Input pixels of one parity (their position modulo the stride) meet the same taps, so each parity
 * is a dense convolution of dY with every stride-th tap, in reverse.
 */
export function convBackwardData(program: ProgramBuilder, work: ConvBackwardData): void {
  const { outGradient, weights, inGradient, shape } = work;
  const label = `${work.label ?? "convolution"} data gradient`;
  if (usesWinograd(program, shape)) {
    const operands = { input: outGradient, weights, output: inGradient, shape };
    winogradConvolution(program, { ...operands, transposed: true, label });
    return;
  }
  const grids = parities(shape).map((parity): ConvolutionGrid => {
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

export interface ConvBackwardWeights {
  /** `[N][C/4][D][H][W][4]` */
  input: Operand;
  /** What {@link convForward} returned for the same input in the same program. */
  inputTiles?: PlannedTexture;
  /** `[N][K/4][O][P][Q][4]` */
  outGradient: Operand;
  /** `[K/4][C/4][taps][4][4]` */
  weightGradient: Operand;
  /** `[K]` */
  biasGradient?: Operand;
  shape: ConvShape;
  /** Add to the gradients that are there instead of replacing them. */
  accumulate?: boolean;
  label?: string;
}

/** dW and db. The sum over pixels is split into slices that are added in a fixed order (split-K). */
export function convBackwardWeights(program: ProgramBuilder, work: ConvBackwardWeights): void {
  const { input, outGradient, weightGradient, biasGradient, shape } = work;
  const { accumulate = false, label = "convolution" } = work;
  const name = `${label} weight gradient`;
  if (usesWinograd(program, shape)) {
    const operands = { input, inputTiles: work.inputTiles, outGradient, weightGradient, shape };
    winogradWeightGradient(program, { ...operands, accumulate, label: name });
  } else {
    const operands = { input, outGradient, weightGradient, shape };
    variantOf(program).weightGradient(program, { ...operands, accumulate, label: name });
  }
  if (biasGradient) {
    recordBiasGradient(program, {
      outGradient,
      biasGradient,
      images: shape.images,
      pixels: volume(convOutput(shape)),
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
