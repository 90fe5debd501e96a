/** What registration on a device needs besides its threads: part of each head's key, and a warning. */
import { codeDigest } from "../../device/code_digest.ts";
import type { DeviceService } from "../../device/open.ts";
import type { Json, StepContext } from "../../workflow/step.ts";

/**
 * What a head depends on besides its image and parameters: the adapter and the code, as in the key of
 * a step that runs on a device.
 *
 * @throws {DeviceError} when there is no adapter, or another than the step was planned for
 */
export async function deviceKey(
  { services, warn }: Pick<StepContext, "services" | "warn">,
): Promise<Json> {
  const { numericClass, device: open } = services as DeviceService;
  const device = await open();
  if (device.class === "software") {
    warn(
      `the only adapter is a software one (${device.info.description}), on which registration is ` +
        'slower than on the processor: leave out compute = "gpu"',
    );
  }
  return {
    numericClass: numericClass ?? null,
    code: await codeDigest(new URL("./device_worker.ts", import.meta.url)),
  };
}

/** Starts a thread of `HeadPool` that opens the device for itself. */
export function startDeviceWorker(): Worker {
  return new Worker(new URL("./device_worker.ts", import.meta.url), { type: "module" });
}
