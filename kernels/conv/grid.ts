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
