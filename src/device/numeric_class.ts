/** The numeric class of a device: what of the adapter and its kernels the keys of device steps hold. */
import type { Store } from "../engine/store/store.ts";
import { type AdapterDescription, classifyAdapter, subgroupSizeOf } from "../gpu/device.ts";
import type { Json } from "../workflow/step.ts";
import { recallAdapter } from "./adapter_memory.ts";
import { pickKernelTable } from "./kernel_tables.ts";

/**
 * What a result's bits depend on apart from its inputs and the step's code. `exact`: the adapter with
 * its driver and subgroup width, and the kernel table; `class`: only what adapters of a kind share;
 * `any`: nothing.
 *
 * The adapter may be remembered from an earlier process: {@link adapterMatches} compares it with the
 * one that computes.
 *
 * @throws {DeviceError} when there is no adapter, except for `any`
 */
export async function readNumericClass(
  policy: "exact" | "class" | "any",
  store: Store,
): Promise<Json> {
  return policy === "any" ? {} : numericClassOf(policy, store, await recallAdapter(store));
}

/** As {@link readNumericClass}, of an adapter that may be another machine's. */
export function numericClassOf(
  policy: "exact" | "class" | "any",
  store: Store,
  adapter: AdapterDescription,
): Json {
  if (policy === "any") return {};
  const kernels = { ...pickKernelTable(store, adapter) };
  const { vendor, architecture, class: kind, ...exact } = factsOf(adapter);
  const shared = { class: kind, vendor, architecture, kernels };
  return policy === "class" ? shared : { ...shared, ...exact };
}

function factsOf(adapter: AdapterDescription) {
  const { vendor, architecture, device: model, description } = adapter;
  return {
    class: classifyAdapter(adapter),
    vendor,
    architecture,
    model,
    description,
    subgroupSize: subgroupSizeOf(adapter),
  };
}

/** Whether a numeric class, of whatever policy, is that of the adapter. */
export function adapterMatches(numericClass: Json, adapter: AdapterDescription): boolean {
  const named = numericClass as { readonly [fact: string]: Json };
  return Object.entries(factsOf(adapter)).every(([fact, value]) =>
    named[fact] === undefined || named[fact] === value
  );
}
