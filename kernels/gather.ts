/** Batches from the resident data set: order, normalisation, replication, augmentation. */
import { defineKernel } from "../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../src/gpu/program.ts";
import source from "./gather.wgsl" with { type: "text" };
import { laneCount, planeGrid, type Shape, type Triple } from "./tensors.ts";

const gather = defineKernel({
  name: "gather",
  source,
  constants: [
    "LANES",
    "IN_CHANNELS",
    "OUT_CHANNELS",
    "DEPTH",
    "HEIGHT",
    "WIDTH",
    "CHUNK",
    "NORMALISED",
    "SHIFTED",
    "FROM_START",
    "EXTENT",
    "STRIDE",
    "RADIUS",
  ],
  params: { step: "u32", seed: "u32", first: "u32" },
  entries: {
    gather: {
      data: "read",
      order: "read",
      ranges: "read",
      augmentations: "read",
      y: "read_write",
      params: "uniform",
    },
    smooth_axis: { x: "read", augmentations: "read", y: "read_write" },
    erase: { augmentations: "read", y: "read_write" },
  },
});

/** 32-bit words of one sample's augmentation record. */
export const augmentationWords = 8;

/** What augmentation does to one sample. */
export interface Augmentation {
  /** Planes, rows and columns that the item moves; zeros fill. */
  shift: Triple;
  /** Top, left, height, width of the rectangle that is zeroed in every plane. */
  erase: readonly [number, number, number, number];
  /** Standard deviation of the Gaussian, pixels, at most 1; 0 leaves the item. */
  smoothing: number;
}

/** Writes one record where the kernel expects it. */
export function packAugmentation(
  { shift, erase, smoothing }: Augmentation,
  into: DataView<ArrayBuffer>,
  sample: number,
): void {
  const at = sample * augmentationWords * 4;
  shift.forEach((value, axis) => into.setInt32(at + 4 * axis, value, true));
  erase.forEach((value, i) => into.setUint32(at + 12 + 4 * i, value, true));
  into.setFloat32(at + 28, smoothing, true);
}

function grid(program: ProgramBuilder, output: Shape) {
  const LANES = laneCount(program.device);
  const { chunk, workgroups } = planeGrid(program.device, output, LANES);
  return {
    constants: {
      LANES,
      OUT_CHANNELS: output.channels,
      DEPTH: output.depth,
      HEIGHT: output.height,
      WIDTH: output.width,
      CHUNK: chunk,
    },
    workgroups,
  };
}

/**
 * y = the items `order[params.first + n]`, n over the batch.
 *
 * @param inChannels channels stored; one channel is repeated to fill `output.channels`
 * @param ranges minimum and range of each item, when the batch is to be min-max normalised
 * @param augmentations shifts of each sample of the batch
 */
export function gatherBatch(
  program: ProgramBuilder,
  { output, inChannels, data, order, fromStart = false, ranges, augmentations, y, params, label }: {
    output: Shape;
    inChannels: number;
    data: Operand;
    order: Operand;
    /** Takes `order[n]`, whatever `params.first` is: the data hold this batch alone. */
    fromStart?: boolean;
    ranges?: Operand;
    augmentations?: Operand;
    y: Operand;
    params: Operand;
    label?: string;
  },
): void {
  const { constants, workgroups } = grid(program, output);
  program.dispatch(gather, "gather", {
    constants: {
      ...constants,
      IN_CHANNELS: inChannels,
      NORMALISED: ranges !== undefined,
      SHIFTED: augmentations !== undefined,
      FROM_START: fromStart,
    },
    bindings: {
      data,
      order,
      y,
      params,
      ...(ranges && { ranges }),
      ...(augmentations && { augmentations }),
    },
    workgroups,
    label,
  });
}

/**
 * Gaussian smoothing of each sample by its own deviation along every axis, as scipy's
 * `gaussian_filter`.
 */
export function smooth(
  program: ProgramBuilder,
  { shape, augmentations, x, between, y }: {
    shape: Shape;
    augmentations: Operand;
    x: Operand;
    /** Holds results of single axes, as `y` does until the last. */
    between: Operand;
    y: Operand;
  },
): void {
  const { constants, workgroups } = grid(program, shape);
  const axes = [
    { EXTENT: shape.width, STRIDE: 1 },
    { EXTENT: shape.height, STRIDE: shape.width },
    ...(shape.depth > 1 ? [{ EXTENT: shape.depth, STRIDE: shape.height * shape.width }] : []),
  ];
  let from = x;
  axes.forEach((axis, i) => {
    const to = (axes.length - i) % 2 === 1 ? y : between;
    program.dispatch(gather, "smooth_axis", {
      constants: { ...constants, ...axis },
      bindings: { x: from, augmentations, y: to },
      workgroups,
      label: "smoothing",
    });
    from = to;
  });
}

/** Zeroes each sample's rectangle in every plane, in place. */
export function erase(
  program: ProgramBuilder,
  { shape, augmentations, y }: { shape: Shape; augmentations: Operand; y: Operand },
): void {
  const { constants, workgroups } = grid(program, shape);
  program.dispatch(gather, "erase", {
    constants,
    bindings: { augmentations, y },
    workgroups,
    label: "erasing",
  });
}
