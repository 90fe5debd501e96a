/**
 * Convolution in 2D and 3D in its three passes, and the linear layer as its 1 x 1 case.
 *
 * Activations are float32 `[N][ceil(C/4)][D][H][W][4]`, D = 1 in 2D; weights and their gradients are in
 * the order of `weight_layout.ts`.
 */
import type {
  Operand,
  PlannedTensor,
  PlannedTexture,
  ProgramBuilder,
} from "../../src/gpu/program.ts";
import { kernelTable } from "../../src/gpu/tuning.ts";
import { recordBiasGradient } from "./bias_gradient.ts";
import { backwardGrids, forwardGrid } from "./grid.ts";
import { convOutput, type ConvShape, volume } from "./shape.ts";
import { directConvolution, directWeightGradient } from "./direct.ts";
import { foldedShape, foldInput, foldsTaps, foldWeights, unfoldGradient } from "./fold_taps.ts";
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

/** An input in another form than its layer's: Winograd's transformed tiles, or taps folded into channels. */
type PreparedInput = PlannedTexture | PlannedTensor;

/**
 * Y = X * W + b.
 *
 * @returns the input as it was prepared for this convolution, for {@link convBackwardWeights}
 */
export function convForward(
  program: ProgramBuilder,
  work: ConvForward,
): PreparedInput | undefined {
  const { shape } = work;
  const { input, weights, bias, output } = work;
  const label = `${work.label ?? "convolution"} forward`;
  if (usesWinograd(program, shape)) {
    const operands = { input, weights, bias, output, shape };
    return winogradConvolution(program, { ...operands, transposed: false, label });
  }
  if (foldsTaps(shape)) {
    const folded = foldInput(program, { input, shape, label });
    convForward(program, {
      ...work,
      input: folded,
      weights: foldWeights(program, { weights, shape, label }),
      shape: foldedShape(shape),
    });
    return folded;
  }
  variantOf(program).convolve(program, {
    input,
    weights,
    bias,
    output,
    shape,
    grids: [forwardGrid(shape)],
    transposed: false,
    label,
  });
}

export interface ConvBackwardData {
  /** `[N][K/4][O][P][Q][4]` */
  outGradient: Operand;
  /** `[K/4][C/4][taps][4][4]` */
  weights: Operand;
  /** `[C]`: what a transposed convolution adds, whose output dX then is. */
  bias?: Operand;
  /** `[N][C/4][D][H][W][4]` */
  inGradient: Operand;
  shape: ConvShape;
  label?: string;
}

/** dX, which is also the forward pass of a transposed convolution of `outGradient`. */
export function convBackwardData(program: ProgramBuilder, work: ConvBackwardData): void {
  const { outGradient, weights, bias, inGradient, shape } = work;
  const label = `${work.label ?? "convolution"} data gradient`;
  if (usesWinograd(program, shape)) {
    const operands = { input: outGradient, weights, bias, output: inGradient, shape };
    winogradConvolution(program, { ...operands, transposed: true, label });
    return;
  }
  variantOf(program).convolve(program, {
    input: outGradient,
    weights,
    bias,
    output: inGradient,
    shape,
    grids: backwardGrids(shape),
    transposed: true,
    label,
  });
}

export interface ConvBackwardWeights {
  /** `[N][C/4][D][H][W][4]` */
  input: Operand;
  /** What {@link convForward} returned for the same input in the same program. */
  prepared?: PreparedInput;
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
  const { input, prepared, outGradient, weightGradient, biasGradient, shape } = work;
  const { accumulate = false, label = "convolution" } = work;
  const name = `${label} weight gradient`;
  if (usesWinograd(program, shape)) {
    const inputTiles = prepared?.kind === "texture" ? prepared : undefined;
    const operands = { input, inputTiles, outGradient, weightGradient, shape };
    winogradWeightGradient(program, { ...operands, accumulate, label: name });
  } else {
    const operands = { input, outGradient, weightGradient, shape, accumulate, label: name };
    const { weightGradient: record } = variantOf(program);
    if (foldsTaps(shape)) {
      const folded = prepared?.kind === "tensor"
        ? prepared
        : foldInput(program, { input, shape, label: name });
      unfoldGradient(program, operands, folded, (folding) => record(program, folding));
    } else record(program, operands);
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
