/** Max pooling and its inverse, and adaptive average pooling, of images and volumes. */
import { defineKernel } from "../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../src/gpu/program.ts";
import source from "./pool.wgsl" with { type: "text" };
import {
  type Axis,
  blocks,
  flatGrid,
  laneCount,
  pixels,
  planeGrid,
  type Shape,
  type Triple,
} from "./tensors.ts";

const pool = defineKernel({
  name: "pool",
  source,
  constants: [
    "LANES",
    "CHANNELS",
    "IN_DEPTH",
    "IN_HEIGHT",
    "IN_WIDTH",
    "OUT_DEPTH",
    "OUT_HEIGHT",
    "OUT_WIDTH",
    "KERNEL_DEPTH",
    "KERNEL_HEIGHT",
    "KERNEL_WIDTH",
    "STRIDE_DEPTH",
    "STRIDE_HEIGHT",
    "STRIDE_WIDTH",
    "PAD_FRONT",
    "PAD_TOP",
    "PAD_LEFT",
    "ZERO_PADDED",
    "NORMALISED",
    "KEEP_POSITIONS",
    "CHUNK",
  ],
  entries: {
    max_forward: { x: "read", moments: "read", y: "read_write", positions_out: "read_write" },
    max_backward: { positions_in: "read", dy: "read", dx: "read_write" },
    unpool_backward: { positions_in: "read", dy: "read", dx: "read_write" },
    adaptive_forward: { x: "read", y: "read_write" },
    adaptive_backward: { dy: "read", dx: "read_write" },
  },
});

/** The places over which a maximum is taken; an image has one plane, as has a window over it. */
export interface Window {
  kernel: Triple;
  stride: Triple;
  /** Zeros or minus infinities before the first plane, row and column. */
  padFront: Triple;
  /** And after the last. */
  padBack: Triple;
  /** Padding takes part in a maximum as zero. */
  zeroPadded?: boolean;
}

/** Output planes, rows and columns of a window over an input, PyTorch's `ceil_mode=False`. */
export function pooledShape(input: Shape, window: Window): Shape {
  const side = (n: number, axis: Axis) =>
    Math.floor(
      (n + window.padFront[axis] + window.padBack[axis] - window.kernel[axis]) /
        window.stride[axis],
    ) + 1;
  return {
    ...input,
    depth: side(input.depth, 0),
    height: side(input.height, 1),
    width: side(input.width, 2),
  };
}

/** Whether each pixel of an input lies in exactly one window. */
export function isTiled(input: Shape, { kernel, stride, padFront, padBack }: Window): boolean {
  const sides = [input.depth, input.height, input.width];
  return sides.every((side, axis) =>
    kernel[axis] === stride[axis] && (padFront[axis] + side + padBack[axis]) % stride[axis] === 0
  );
}

function constantsOf(program: ProgramBuilder, input: Shape, output: Shape, window?: Window) {
  return {
    LANES: laneCount(program.device),
    CHANNELS: input.channels,
    IN_DEPTH: input.depth,
    IN_HEIGHT: input.height,
    IN_WIDTH: input.width,
    OUT_DEPTH: output.depth,
    OUT_HEIGHT: output.height,
    OUT_WIDTH: output.width,
    ...(window && {
      KERNEL_DEPTH: window.kernel[0],
      KERNEL_HEIGHT: window.kernel[1],
      KERNEL_WIDTH: window.kernel[2],
      STRIDE_DEPTH: window.stride[0],
      STRIDE_HEIGHT: window.stride[1],
      STRIDE_WIDTH: window.stride[2],
      PAD_FRONT: window.padFront[0],
      PAD_TOP: window.padFront[1],
      PAD_LEFT: window.padFront[2],
      ZERO_PADDED: window.zeroPadded ?? false,
    }),
  };
}

/**
 * Maximum of each window.
 *
 * @param moments of a batch normalisation: the maximum is of its output, after ReLU
 * @param positions gets the place of each maximum in its window, in the layout of `y`, for the gradient
 */
export function maxPoolForward(
  program: ProgramBuilder,
  { input, window, x, moments, y, positions, label }: {
    input: Shape;
    window: Window;
    x: Operand;
    moments?: Operand;
    y: Operand;
    positions?: Operand;
    label?: string;
  },
): void {
  const output = pooledShape(input, window);
  const constants = constantsOf(program, input, output, window);
  const { chunk, workgroups } = planeGrid(program.device, output, constants.LANES);
  program.dispatch(pool, "max_forward", {
    constants: {
      ...constants,
      NORMALISED: moments !== undefined,
      KEEP_POSITIONS: positions !== undefined,
      CHUNK: chunk,
    },
    bindings: { x, y, ...(moments && { moments }), ...(positions && { positions_out: positions }) },
    workgroups,
    label,
  });
}

/**
 * Sends each window's gradient to the place of its maximum; overwrites dx. Where windows do not overlap this
 * is also max-unpooling of `dy`, without what falls into the padding.
 */
export function maxPoolBackward(
  program: ProgramBuilder,
  { input, window, positions, dy, dx, label }: {
    input: Shape;
    window: Window;
    positions: Operand;
    dy: Operand;
    dx: Operand;
    label?: string;
  },
): void {
  const constants = constantsOf(program, input, pooledShape(input, window), window);
  const { chunk, workgroups } = planeGrid(program.device, input, constants.LANES);
  program.dispatch(pool, "max_backward", {
    constants: { ...constants, CHUNK: chunk },
    bindings: { positions_in: positions, dy, dx },
    workgroups,
    label,
  });
}

/** The gradient of max-unpooling: of each window that by the place of its maximum, 0 for padding. */
export function maxUnpoolBackward(
  program: ProgramBuilder,
  { output, window, positions, dy, dx, label }: {
    /** Shape of `dy`: the unpooling's output, which is the pool's input. */
    output: Shape;
    window: Window;
    positions: Operand;
    dy: Operand;
    dx: Operand;
    label?: string;
  },
): void {
  const pooled = pooledShape(output, window);
  const constants = constantsOf(program, output, pooled, window);
  const { chunk, workgroups } = planeGrid(program.device, pooled, constants.LANES);
  program.dispatch(pool, "unpool_backward", {
    constants: { ...constants, CHUNK: chunk },
    bindings: { positions_in: positions, dy, dx },
    workgroups,
    label,
  });
}

/**
 * Mean over a grid of `output` cells as `torch.nn.AdaptiveAvgPool2d` and `AdaptiveAvgPool3d`; one cell
 * is the global mean.
 */
export function adaptiveAverageForward(
  program: ProgramBuilder,
  { input, output, x, y, label }: {
    input: Shape;
    output: Shape;
    x: Operand;
    y: Operand;
    label?: string;
  },
): void {
  const constants = constantsOf(program, input, output);
  const items = output.batch * blocks(output) * pixels(output);
  program.dispatch(pool, "adaptive_forward", {
    constants,
    bindings: { x, y },
    workgroups: flatGrid(program.device, items, constants.LANES),
    label,
  });
}

export function adaptiveAverageBackward(
  program: ProgramBuilder,
  { input, output, dy, dx, label }: {
    input: Shape;
    output: Shape;
    dy: Operand;
    dx: Operand;
    label?: string;
  },
): void {
  const constants = constantsOf(program, input, output);
  const { chunk, workgroups } = planeGrid(program.device, input, constants.LANES);
  program.dispatch(pool, "adaptive_backward", {
    constants: { ...constants, CHUNK: chunk },
    bindings: { dy, dx },
    workgroups,
    label,
  });
}
