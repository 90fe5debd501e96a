/** Batches from the resident data set: order, normalisation, replication, augmentation. */
import { defineKernel } from "../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../src/gpu/program.ts";
import source from "./gather.wgsl" with { type: "text" };
import { laneCount, planeGrid, type Shape } from "./tensors.ts";

const gather = defineKernel({
  name: "gather",
  source,
  constants: [
    "LANES",
    "IN_CHANNELS",
    "OUT_CHANNELS",
    "HEIGHT",
    "WIDTH",
    "CHUNK",
    "NORMALISED",
    "SHIFTED",
    "FROM_START",
    "ALONG_X",
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
  /** Rows and columns that the image moves; zeros fill. */
  shift: readonly [number, number];
  /** Top, left, height, width of the rectangle that is zeroed. */
  erase: readonly [number, number, number, number];
  /** Standard deviation of the Gaussian, pixels, at most 1; 0 leaves the image. */
  smoothing: number;
}

/** Writes one record where the kernel expects it. */
export function packAugmentation(
  { shift, erase, smoothing }: Augmentation,
  into: DataView<ArrayBuffer>,
  sample: number,
): void {
  const at = sample * augmentationWords * 4;
  into.setInt32(at, shift[0], true);
  into.setInt32(at + 4, shift[1], true);
  erase.forEach((value, i) => into.setUint32(at + 8 + 4 * i, value, true));
  into.setFloat32(at + 24, smoothing, true);
}

function grid(program: ProgramBuilder, output: Shape) {
  const LANES = laneCount(program.device);
  const { chunk, workgroups } = planeGrid(program.device, output, LANES);
  return {
    constants: {
      LANES,
      OUT_CHANNELS: output.channels,
      // Rows of all planes. Only what moves pixels depends on where a plane ends: it is of images.
      HEIGHT: output.depth * output.height,
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

/** Gaussian smoothing of each sample by its own deviation, as scipy's `gaussian_filter`. */
export function smooth(
  program: ProgramBuilder,
  { shape, augmentations, x, between, y }: {
    shape: Shape;
    augmentations: Operand;
    x: Operand;
    /** Holds the result of the first axis. */
    between: Operand;
    y: Operand;
  },
): void {
  const { constants, workgroups } = grid(program, shape);
  for (const along of [true, false]) {
    program.dispatch(gather, "smooth_axis", {
      constants: { ...constants, ALONG_X: along },
      bindings: along ? { x, augmentations, y: between } : { x: between, augmentations, y },
      workgroups,
      label: "smoothing",
    });
  }
}

/** Zeroes each sample's rectangle in place. */
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
