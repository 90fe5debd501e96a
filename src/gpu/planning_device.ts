/** A device that allocates and computes nothing: it counts the bytes that another would hold. */
import { type AdapterDescription, Device } from "./device.ts";
import { type KernelTable, kernelTable, kernelTables, useKernelTable } from "./tuning.ts";

/** What decides about the buffers that a program needs. */
export interface PlannedFor {
  info: AdapterDescription;
  limits: GPUSupportedLimits;
  /** The kernels that it runs. */
  table: KernelTable;
}

/** What decides about the buffers of programs of an open device. */
export function plannedFor(device: Device): PlannedFor {
  return { info: device.info, limits: device.limits, table: kernelTable(device) };
}

/**
 * A GPU or a software adapter that nobody has opened: it binds and holds a buffer of any size, while a
 * texture is as large as those of lavapipe and most GPUs.
 */
export function typicalDevice(kind: "discrete" | "software"): PlannedFor {
  const info = {
    vendor: "",
    architecture: "",
    device: "",
    description: kind,
    subgroupMinSize: kind === "software" ? 8 : 32,
    isFallbackAdapter: kind === "software",
  };
  const limits = {
    maxBufferSize: Infinity,
    maxStorageBufferBindingSize: Infinity,
    maxUniformBufferBindingSize: 2 ** 16,
    maxStorageBuffersPerShaderStage: 8,
    minStorageBufferOffsetAlignment: 256,
    minUniformBufferOffsetAlignment: 256,
    maxComputeWorkgroupsPerDimension: 2 ** 16 - 1,
    maxTextureDimension2D: 2 ** 14,
  };
  return { info, limits: limits as GPUSupportedLimits, table: kernelTables[kind] };
}

/** Bytes of the buffers and textures that were made and not destroyed. */
export interface CountedBytes {
  bytes: number;
}

/** A device on which buffers are opened and programs recorded and placed as on another, to count bytes. */
export function planningDevice(
  { info, limits, table }: PlannedFor,
): { device: Device; counted: CountedBytes } {
  const counted: CountedBytes = { bytes: 0 };
  const hold = (size: number) => {
    counted.bytes += size;
    return { size, destroy: () => counted.bytes -= size };
  };
  const gpu = {
    limits,
    lost: new Promise<never>(() => {}),
    queue: { writeBuffer() {} },
    addEventListener() {},
    pushErrorScope() {},
    popErrorScope: () => Promise.resolve(null),
    createBuffer: ({ size }: GPUBufferDescriptor) => hold(size),
    createTexture({ size }: { size: [number, number] }) {
      return { ...hold(size[0] * size[1] * 16), createView: () => ({}) };
    },
    destroy() {},
  };
  const device = new Device(gpu as unknown as GPUDevice, info);
  useKernelTable(device, table);
  return { device, counted };
}
