/** An adapter of each class, so that one machine runs the kernels of all. */
import { type AdapterClass, type AdapterDescription, Device } from "../../src/gpu/device.ts";

const gpu = { architecture: "", device: "", isFallbackAdapter: false };

export const adapters: Readonly<Record<AdapterClass, AdapterDescription>> = {
  discrete: { ...gpu, vendor: "4318", description: "NVIDIA H200", subgroupMinSize: 32 },
  integrated: { ...gpu, vendor: "32902", description: "Intel(R) Iris(R) Xe", subgroupMinSize: 8 },
  software: {
    ...gpu,
    vendor: "65541",
    description: "llvmpipe (LLVM 15.0.6, 256 bits)",
    subgroupMinSize: 8,
    isFallbackAdapter: true,
  },
};

/** `opened`, or a second view of it that runs the kernels of another class and dies with it. */
export function asClass(opened: Device, wanted: AdapterClass): Device {
  return opened.class === wanted ? opened : new Device(opened.gpu, adapters[wanted]);
}
