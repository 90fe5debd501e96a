/** The device of a thread, opened when its first step asks for it, and how many steps share one. */
import type { Store } from "../engine/store/store.ts";
import { classifyAdapter, describeAdapter, type Device, openDevice } from "../gpu/device.ts";
import { type KernelTable, useKernelTable } from "../gpu/tuning.ts";
import type { Json } from "../workflow/step.ts";
import { pickKernelTable } from "./kernel_tables.ts";

/** `context.services` of device steps. */
export interface DeviceService {
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
 * @throws {DeviceError} when there is no adapter
 */
export async function openStepDevice(store: Store, numericClass?: Json): Promise<Device> {
  const device = await openThreadDevice();
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
  const adapter = await describeAdapter().catch(() => undefined);
  return adapter && classifyAdapter(adapter) === "software" ? 2 : 1;
}
