/** A device with less memory than the machine has, which refuses as WebGPU does. */
import { Device } from "../../src/gpu/device.ts";

/**
 * `opened` with room for `bytes` in buffers and textures that are allocated under an error scope, as
 * activations are; what is destroyed gives nothing back.
 */
export function tightDevice(opened: Device, bytes: number): Device {
  const scopes: { filter: GPUErrorFilter; exhausted: boolean }[] = [];
  let left = bytes;
  const admit = (size: number): boolean => {
    const scope = scopes.findLast(({ filter }) => filter === "out-of-memory");
    if (!scope) return true;
    if (size > left) return !(scope.exhausted = true);
    left -= size;
    return true;
  };
  const target = opened.gpu;
  const replaced: Partial<GPUDevice> = {
    pushErrorScope(filter) {
      scopes.push({ filter, exhausted: false });
      return target.pushErrorScope(filter);
    },
    async popErrorScope() {
      const { exhausted } = scopes.pop()!;
      const found = await target.popErrorScope();
      return exhausted ? new GPUOutOfMemoryError("not enough memory left") : found;
    },
    createBuffer(descriptor) {
      return target.createBuffer(admit(descriptor.size) ? descriptor : { ...descriptor, size: 16 });
    },
    createTexture(descriptor) {
      const [width, height = 1, layers = 1] = descriptor.size as number[];
      const fits = admit(width * height * layers * 16);
      return target.createTexture(fits ? descriptor : { ...descriptor, size: [1, 1, 1] });
    },
  };
  const gpu = new Proxy(target, {
    get(_, key) {
      if (key in replaced) return replaced[key as keyof GPUDevice];
      const value = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return new Device(gpu, opened.info);
}
