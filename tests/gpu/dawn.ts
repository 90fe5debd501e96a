/**
 * Dawn, the WebGPU of Chrome, with its compiler Tint, where Deno has wgpu and naga. Its null backend needs
 * no driver: it compiles kernels and checks each command as on a GPU, but computes nothing.
 */
// Not in deno.json: only tests need it.
// deno-lint-ignore no-import-prefix
import { create, globals } from "npm:webgpu@0.6.2";
import { type AdapterClass, Device } from "../../src/gpu/device.ts";
import { adapters } from "./adapters.ts";

Object.assign(globalThis, globals);
const dawn = create(["backend=null"]);
// For `openDevice` too.
Object.defineProperty(navigator, "gpu", { value: dawn, configurable: true });

export interface DawnDevice {
  device: Device;
  /** Kernel and entry point, such as `pool.max_forward`, of all that were compiled. */
  compiled: ReadonlySet<string>;
  /** What Tint remarked on the kernels that it accepted. */
  listRemarks(): Promise<string[]>;
}

/** Opens a device of Dawn that has float16 and WebGPU's default limits, and runs the kernels of a class. */
export async function openDawn(wanted: AdapterClass): Promise<DawnDevice> {
  const adapter = await dawn.requestAdapter();
  if (!adapter) throw new Error("Dawn has no null backend");
  const requiredFeatures: GPUFeatureName[] = ["shader-f16"];
  const gpu = await adapter.requestDevice({ requiredFeatures });
  const compiled = new Set<string>();
  const modules: GPUShaderModule[] = [];
  const createShaderModule = gpu.createShaderModule.bind(gpu);
  gpu.createShaderModule = (descriptor) => {
    const module = createShaderModule(descriptor);
    compiled.add(descriptor.label ?? "");
    modules.push(module);
    return module;
  };
  // The null backend leaves in a buffer what was in memory, which may be no finite loss.
  const createBuffer = gpu.createBuffer.bind(gpu);
  gpu.createBuffer = (descriptor) => {
    const buffer = createBuffer(descriptor);
    if (descriptor.usage & GPUBufferUsage.COPY_DST) {
      gpu.queue.writeBuffer(buffer, 0, new Uint8Array(descriptor.size));
    }
    return buffer;
  };
  const listRemarks = async () => {
    const remarks = await Promise.all(modules.map(async (module) => {
      const { messages } = await module.getCompilationInfo();
      return messages.map(({ message }) => `${module.label}: ${message}`);
    }));
    return remarks.flat();
  };
  return { device: new Device(gpu, adapters[wanted]), compiled, listRemarks };
}
