/** The device of a thread, opened when its first step asks, and what of the adapter keys must hold. */
import type { Store } from "../engine/store/store.ts";
import type { AdapterDescription, Device } from "../gpu/device.ts";
import type { KernelTable } from "../gpu/tuning.ts";
import type { Json } from "../workflow/step.ts";

/** `context.services` of device steps. */
export interface DeviceService {
  /** @throws {DeviceError} when there is no adapter */
  device(): Promise<Device>;
}

let opened: Promise<Device> | undefined;

/** One device a thread; a fresh one after the last was lost. */
async function ownDevice(): Promise<Device> {
  if (opened) {
    const device = await opened.catch(() => undefined);
    if (device?.healthy) return device;
  }
  const { openDevice } = await import("../gpu/device.ts");
  opened = openDevice();
  return await opened;
}

/**
 * This thread's device, with the kernels that the step's numeric class names, else with those that
 * were tuned for it in this store.
 *
 * @throws {DeviceError} when there is no adapter
 */
export async function openedFor(store: Store, numericClass?: Json): Promise<Device> {
  const device = await ownDevice();
  const { useKernelTable } = await import("../gpu/tuning.ts");
  const named = numericClass as { kernels?: KernelTable } | undefined;
  useKernelTable(device, named?.kernels ?? await kernelsOf(store, device.info));
  return device;
}

/**
 * Device steps that may run at once. A GPU is busy with one. A software adapter is not: while one
 * step prepares batches, stores weights or waits for its slowest thread, another computes.
 */
export async function deviceSlots(): Promise<number> {
  const { classifyAdapter, describeAdapter } = await import("../gpu/device.ts");
  // Without an adapter the steps themselves say so.
  const adapter = await describeAdapter().catch(() => undefined);
  return adapter && classifyAdapter(adapter) === "software" ? 2 : 1;
}

/** Read once a store, so that all keys of a run name one table. */
const kernels = new WeakMap<Store, Promise<KernelTable>>();

function kernelsOf(store: Store, adapter: AdapterDescription): Promise<KernelTable> {
  let table = kernels.get(store);
  if (!table) kernels.set(store, table = readKernels(store, adapter));
  return table;
}

async function readKernels(store: Store, adapter: AdapterDescription): Promise<KernelTable> {
  const { tunedTable } = await import("./tuned.ts");
  const { standardTable } = await import("../gpu/tuning.ts");
  return tunedTable(store, adapter)?.kernels ?? standardTable(adapter);
}

/**
 * What a result's bits depend on apart from its inputs and the step's code: the adapter with its
 * driver and vector width, and the kernel table. `class` keeps only what adapters of a kind share,
 * `any` nothing. The adapter is asked in every process that needs it: what it
 * would say depends on drivers, hardware and variables of the environment that the sandbox hides, so
 * an answer can't be kept. It isn't opened for that.
 */
export async function numericClass(
  policy: "exact" | "class" | "any",
  store: Store,
): Promise<Json> {
  if (policy === "any") return {};
  const { classifyAdapter, describeAdapter, lanesOf } = await import("../gpu/device.ts");
  const adapter = await describeAdapter();
  const { vendor, architecture, device: model, description } = adapter;
  const table = { ...await kernelsOf(store, adapter) };
  const shared = { class: classifyAdapter(adapter), vendor, architecture, kernels: table };
  return policy === "class" ? shared : { ...shared, model, description, lanes: lanesOf(adapter) };
}
