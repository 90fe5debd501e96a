/** Training with activations and their gradients stored as float16. */
import { DeviceError } from "../../errors.ts";
import type { Device } from "../../gpu/device.ts";
import type { Storage } from "../../gpu/program.ts";
import { readsTexels } from "../../gpu/texels.ts";

/**
 * What gradients are multiplied by on their way through a network, and divided by before the update: float16
 * has none between 0 and 6e-8. A power of two, so that it rounds nothing.
 */
export function gradientScale(storage: Storage = "f32"): number {
  return storage === "f16" ? 1024 : 1;
}

/** @throws {DeviceError} a device that does not store numbers so: why */
export function checkStorage(device: Device, storage: Storage = "f32"): void {
  if (storage === "f32") return;
  const reason = readsTexels(device)
    ? "its kernels read float32 textures, as those of all software adapters"
    : device.gpu.features.has("shader-f16")
    ? undefined
    : "its driver does not offer shader-f16";
  if (reason === undefined) return;
  throw new DeviceError(
    `storage = "f16" is not possible on this device (${device.summary}): ${reason}. Use storage = "f32"`,
  );
}
