/** The device of a thread, opened when its first step asks for it, and how many steps share one. */
import type { Store } from "../engine/store/store.ts";
import { DeviceError } from "../errors.ts";
import { classifyAdapter, type Device, openDevice } from "../gpu/device.ts";
import { type KernelTable, useKernelTable } from "../gpu/tuning.ts";
import type { Json } from "../workflow/step.ts";
import { askAdapter } from "./adapter_memory.ts";
import { pickKernelTable } from "./kernel_tables.ts";
import { adapterMatches } from "./numeric_class.ts";

/** `context.services` of device steps. */
export interface DeviceService {
  /** The device part of the step's key; absent where the step runs on none. */
  readonly numericClass?: Json;
  /** @throws {DeviceError} when there is no adapter */
  device(): Promise<Device>;
}

let opened: Promise<Device> | undefined;

/** One device a thread; a fresh one after the last was lost. */
async function openThreadDevice(): Promise<Device> {
  if (opened) {
    const device = await opened.catch(() => undefined);
    if (device?.healthy) return device;
  }
  opened = openDevice();
  return await opened;
}

/**
 * This thread's device, with the kernels that the step's numeric class names, else with those that
 * were tuned for it in this store.
 *
 * @throws {DeviceError} when there is no adapter, or another than the numeric class names
 */
export async function openStepDevice(store: Store, numericClass?: Json): Promise<Device> {
  const device = await openThreadDevice();
  if (numericClass !== undefined && !adapterMatches(numericClass, device.info)) {
    throw new DeviceError(
      `The result was planned for another device than ${device.summary}; run again`,
    );
  }
  const named = numericClass as { kernels?: KernelTable } | undefined;
  useKernelTable(device, named?.kernels ?? pickKernelTable(store, device.info));
  return device;
}

/**
 * Device steps that may run at once. A GPU is busy with one. A software adapter is not: while one
 * step prepares batches, stores weights or waits for its slowest thread, another computes.
 */
export async function countDeviceSlots(): Promise<number> {
  // Without an adapter the steps themselves report it.
  const adapter = await askAdapter().catch(() => undefined);
  return adapter && classifyAdapter(adapter) === "software" ? 2 : 1;
}
