/** The numeric class of a device: what of the adapter and its kernels the keys of device steps hold. */
import type { Store } from "../engine/store/store.ts";
import { classifyAdapter, describeAdapter, subgroupSizeOf } from "../gpu/device.ts";
import type { Json } from "../workflow/step.ts";
import { pickKernelTable } from "./kernel_tables.ts";

/**
 * What a result's bits depend on apart from its inputs and the step's code. `exact`: the adapter with
 * its driver and subgroup width, and the kernel table; `class`: only what adapters of a kind share;
 * `any`: nothing.
 *
 * The adapter is described in every process that needs it, without opening it. The description
 * depends on drivers, hardware and environment variables that the sandbox hides, so it can't be cached.
 *
 * @throws {DeviceError} when there is no adapter, except for `any`
 */
export async function readNumericClass(
  policy: "exact" | "class" | "any",
  store: Store,
): Promise<Json> {
  if (policy === "any") return {};
  const adapter = await describeAdapter();
  const { vendor, architecture, device: model, description } = adapter;
  const kernels = { ...pickKernelTable(store, adapter) };
  const shared = { class: classifyAdapter(adapter), vendor, architecture, kernels };
  if (policy === "class") return shared;
  return { ...shared, model, description, subgroupSize: subgroupSizeOf(adapter) };
}
