/** What the kernels of batch and instance normalisation share: options, parts and a layer's numbers. */
import type { Device } from "../../src/gpu/device.ts";
import type { ProgramBuilder } from "../../src/gpu/program.ts";
import type { ActivationName } from "../activation.ts";
import { aligned, blocks, laneCount, pixels, planeGrid, type Shape } from "../tensors.ts";

export interface BatchNormOptions {
  shape: Shape;
  activation: ActivationName;
  /** Of LeakyReLU below zero, 0.01 by default. */
  slope?: number;
  /** Instance normalisation: each image by itself, without parameters or running statistics. */
  instance?: boolean;
  epsilon?: number;
  momentum?: number;
  label?: string;
}

/** Fields of `Params` of the kernels that reduce in parts. */
export const layerParams = {
  batch: "u32",
  channels: "u32",
  blocks: "u32",
  pixels: "u32",
  values: "u32",
  shift_at: "u32",
  parts: "u32",
  pixel_parts: "u32",
  span: "u32",
  images: "u32",
} as const;

/** How a channel block's pixels and images are cut into parts that reduce on their own. */
function parts(device: Device, shape: Shape) {
  const lanes = laneCount(device);
  const isSoftware = device.class === "software";
  // On a GPU an invocation reads at most some 64 pixels, and all of them keep 4 MB of loads in flight.
  const least = isSoftware ? 0 : Math.ceil(shape.batch * pixels(shape) / (64 * lanes));
  const wanted = Math.max(least, Math.ceil((isSoftware ? 128 : 1024) / blocks(shape)));
  const images = Math.ceil(shape.batch / Math.min(wanted, shape.batch));
  const imageParts = Math.ceil(shape.batch / images);
  const rest = Math.ceil(wanted / imageParts);
  const span = Math.max(lanes * 4, Math.ceil(pixels(shape) / rest / lanes) * lanes);
  const pixelParts = Math.ceil(pixels(shape) / span);
  return { span, images, pixel_parts: pixelParts, parts: pixelParts * imageParts };
}

/** The channels that are normalised: of instance normalisation the blocks of all images, as of one. */
function normalisedShape({ shape, instance = false }: BatchNormOptions): Shape {
  if (!instance) return shape;
  return { ...shape, batch: 1, channels: shape.batch * blocks(shape) * 4 };
}

/** A layer's shape as the kernels read it, the constants that they share, and the grids that go with it. */
export function layer({ device }: ProgramBuilder, options: BatchNormOptions) {
  const shape = normalisedShape(options);
  const lanes = laneCount(device);
  const plane = planeGrid(device, shape, lanes);
  const split = parts(device, shape);
  return {
    params: {
      batch: shape.batch,
      channels: shape.channels,
      blocks: blocks(shape),
      pixels: pixels(shape),
      values: shape.batch * pixels(shape),
      shift_at: aligned(shape.channels),
      ...split,
    },
    chunk: plane.chunk,
    lanes,
    mergeLanes: device.class === "software" ? 1 : lanes,
    blockCount: blocks(shape),
    partialBytes: blocks(shape) * split.parts * 32,
    partsGrid: [split.parts, blocks(shape)] as const,
    mergeGrid: [blocks(shape)] as const,
    blocksGrid: [Math.ceil(blocks(shape) / lanes)] as const,
    planeGrid: plane.workgroups,
  };
}
