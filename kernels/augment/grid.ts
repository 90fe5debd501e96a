/** The grid of kernels that change a batch of items of one channel: `[batch][depth][height][width]`. */
import type { Device } from "../../src/gpu/device.ts";
import { laneCount, pixels, planeGrid, type Shape } from "../tensors.ts";

/** Items of one channel; an image has one plane. */
export type ItemsShape = Omit<Shape, "channels">;

/** Bytes of a batch of items. */
export function itemsBytes(shape: ItemsShape): number {
  return shape.batch * pixels(shape) * 4;
}

/** Chunks of pixels, 1, samples; and the constants by which a kernel knows its share. */
export function itemsGrid(device: Device, shape: ItemsShape) {
  const LANES = laneCount(device);
  const { chunk, workgroups } = planeGrid(device, { ...shape, channels: 1 }, LANES);
  return { constants: { LANES, CHUNK: chunk }, workgroups };
}

/** Extents of the items, as kernels that need places name them. */
export function extentConstants({ depth, height, width }: ItemsShape) {
  return { DEPTH: depth, HEIGHT: height, WIDTH: width };
}
