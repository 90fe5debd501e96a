/** Sizes and grids that kernels share. */
import type { Device } from "../src/gpu/device.ts";
import { DeviceError } from "../src/errors.ts";

/** Numbers along the axes of a volume. */
export type Triple = readonly [z: number, y: number, x: number];

/** Index into a {@link Triple}. */
export type Axis = 0 | 1 | 2;

/** Shape of an activation `[batch][ceil(channels / 4)][depth][height][width][4]`. */
export interface Shape {
  batch: number;
  channels: number;
  /** Planes of a volume; 1 for a 2D image. */
  depth: number;
  height: number;
  width: number;
}

/** Blocks of four channels. */
export function blocks(shape: { channels: number }): number {
  return Math.ceil(shape.channels / 4);
}

/** Pixels of one channel: those of a plane, or the voxels of all planes of a volume. */
export function pixels(shape: { depth: number; height: number; width: number }): number {
  return shape.depth * shape.height * shape.width;
}

/** `height x width` of an image or `depth x height x width` of a volume, such as `64x64x60`. */
export function sizeText(
  { depth, height, width }: { depth: number; height: number; width: number },
  dimensions: 2 | 3,
): string {
  return [depth, height, width].slice(-dimensions).join("x");
}

/** Bytes of an activation, padding channels included. */
export function activationBytes(shape: Shape): number {
  return shape.batch * blocks(shape) * pixels(shape) * 16;
}

/** Parameters of one tensor start at multiples of 64 floats, 256 bytes. */
export const alignment = 64;

/** Floats that a parameter of `count` floats occupies. */
export function aligned(count: number): number {
  return Math.ceil(count / alignment) * alignment;
}

/** Invocations of a workgroup: one subgroup on software adapters, a few on GPUs. */
export function laneCount(device: Device, gpuLanes = 64): number {
  return device.class === "software" ? device.subgroupSize : gpuLanes;
}

/** Grid over the pixels of every channel: chunks, channel blocks, images. */
export function planeGrid(
  device: Device,
  shape: Shape,
  lanes: number,
): { chunk: number; workgroups: [number, number, number] } {
  const rounded = (count: number) => Math.ceil(count / lanes) * lanes;
  const perLane = device.class === "software" ? 64 : 4;
  const least = rounded(pixels(shape) / device.limits.maxComputeWorkgroupsPerDimension);
  const chunk = Math.max(least, Math.min(lanes * perLane, rounded(pixels(shape))));
  return { chunk, workgroups: [Math.ceil(pixels(shape) / chunk), blocks(shape), shape.batch] };
}

/** A row of workgroups, folded into several where one is too long for the device. */
export function folded(device: Device, workgroups: number): [length: number, rows: number] {
  const limit = device.limits.maxComputeWorkgroupsPerDimension;
  const rows = Math.ceil(workgroups / limit);
  return [Math.ceil(workgroups / rows), rows];
}

/** Grid over `count` items, one a lane, folded into two dimensions. */
export function flatGrid(device: Device, count: number, lanes: number): [number, number, number] {
  const groups = Math.ceil(count / lanes);
  const limit = device.limits.maxComputeWorkgroupsPerDimension;
  const x = Math.min(groups, limit);
  const y = Math.ceil(groups / x);
  if (y > limit) throw new DeviceError(`A tensor of ${count} elements exceeds the device's grid`);
  return [x, y, 1];
}
