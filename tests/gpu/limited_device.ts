/** A device with smaller limits than the machine has. */
import { Device } from "../../src/gpu/device.ts";

/** `opened` with these limits in place of its own. */
export function limitedDevice(
  opened: Device,
  limits: Partial<Record<keyof GPUSupportedLimits, number>>,
): Device {
  const names = Object.keys(Object.getOwnPropertyDescriptors(GPUSupportedLimits.prototype));
  const own = Object.fromEntries(
    names.filter((name) => name !== "constructor").map((name) => [
      name,
      opened.limits[name as keyof GPUSupportedLimits],
    ]),
  );
  const gpu = new Proxy(opened.gpu, {
    get(target, key) {
      if (key === "limits") return { ...own, ...limits };
      const value = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return new Device(gpu, opened.info);
}
