/** A volume in device memory, in one buffer or in two where one can't be bound. */
import type { Device, DeviceBuffer } from "../../src/gpu/device.ts";

type Extents = readonly [number, number, number];

export interface DeviceVolume {
  shape: Extents;
  /** Float32, the first axis fastest: all planes, or the first ones and the others. */
  slabs: readonly DeviceBuffer[];
}

/** Planes of the first slab; undefined where two slabs can't hold the volume. */
function firstPlanes(device: Device, [nx, ny, nz]: Extents): number | undefined {
  const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
  const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize);
  const planes = Math.min(nz, Math.floor(limit / (4 * nx * ny)));
  return 2 * planes >= nz ? planes : undefined;
}

export function fitsDevice(device: Device, shape: Extents): boolean {
  return firstPlanes(device, shape) !== undefined;
}

/** @throws {DeviceError} when the volume does not fit two bindings, or out of memory */
export function uploadVolume(
  device: Device,
  label: string,
  { shape, data }: { shape: Extents; data: Float32Array },
): DeviceVolume {
  const split = shape[0] * shape[1] * (firstPlanes(device, shape) ?? shape[2]);
  const parts = split === data.length ? [data] : [data.subarray(0, split), data.subarray(split)];
  const slabs = parts.map((part) => device.buffer(label, part as Float32Array<ArrayBuffer>));
  return { shape, slabs };
}

/** The fields of `Params` and the bindings of a kernel that reads the volume. */
export function readVolume({ shape: [nx, ny, nz], slabs: [moving, second] }: DeviceVolume) {
  return {
    params: { nx, ny, nz, first_slab: moving.bytes / 4 },
    constants: { SPLIT: second !== undefined },
    bindings: { moving, ...(second && { second_slab: second }) },
  };
}
