/** A device that counts the bytes of its buffers and textures. */
import { Device } from "../../src/gpu/device.ts";

/** Bytes that a device holds, and the most that it held. */
export interface DeviceBytes {
  now: number;
  peak: number;
}

/** `opened`, and what is allocated through the device returned. */
export function countingDevice(opened: Device): { device: Device; bytes: DeviceBytes } {
  const bytes: DeviceBytes = { now: 0, peak: 0 };
  const target = opened.gpu;
  const count = <T extends GPUBuffer | GPUTexture>(made: T, size: number): T => {
    bytes.now += size;
    bytes.peak = Math.max(bytes.peak, bytes.now);
    const destroy = made.destroy.bind(made);
    let held = true;
    made.destroy = () => {
      if (held) bytes.now -= size;
      held = false;
      destroy();
    };
    return made;
  };
  const replaced: Partial<GPUDevice> = {
    createBuffer: (descriptor) => count(target.createBuffer(descriptor), descriptor.size),
    createTexture(descriptor) {
      const [width, height = 1] = descriptor.size as number[];
      return count(target.createTexture(descriptor), width * height * 16);
    },
  };
  const gpu = new Proxy(target, {
    get(_, key) {
      if (key in replaced) return replaced[key as keyof GPUDevice];
      const value = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { device: new Device(gpu, opened.info), bytes };
}
