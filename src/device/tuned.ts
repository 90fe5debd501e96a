/**
 * Kernel tables that `gyrus tune` measured. They are kept in the cache, beside the results that they
 * are part of the key of: `devices/<digest of the adapter>.json`.
 */
import { canonicalJson } from "../engine/store/canonical.ts";
import { digestOf, hexOf } from "../engine/store/digest.ts";
import type { Store } from "../engine/store/store.ts";
import type { AdapterDescription } from "../gpu/device.ts";
import { type KernelTable, standardTable } from "../gpu/tuning.ts";
import type { Json } from "../workflow/step.ts";

export interface TunedTable {
  adapter: AdapterDescription;
  kernels: KernelTable;
  /** ISO 8601, UTC. */
  tuned: string;
}

function pathOf(root: string, adapter: AdapterDescription): string {
  const identity = digestOf(canonicalJson({ ...adapter } as Record<string, Json>));
  return `${root}/devices/${hexOf(identity).slice(0, 16)}.json`;
}

/** Of the first tier that has one; undefined too when this version's kernels have other choices. */
export function tunedTable(store: Store, adapter: AdapterDescription): TunedTable | undefined {
  for (const root of [store.root, ...store.lower]) {
    const bytes = store.files.readSync(pathOf(root, adapter));
    if (bytes === undefined) continue;
    try {
      const found = JSON.parse(new TextDecoder().decode(bytes)) as TunedTable;
      if (fits(found.kernels, standardTable(adapter))) return found;
    } catch (error) {
      // A torn or foreign file is no table.
      if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    }
  }
  return undefined;
}

/** The same fields, and values of the same types. */
function fits(table: KernelTable, standard: KernelTable): boolean {
  const names = Object.keys(standard) as (keyof KernelTable)[];
  return Object.keys(table).length === names.length &&
    table.convolution === standard.convolution &&
    names.every((name) => typeof table[name] === typeof standard[name]);
}

/** @throws {DataError} when the cache can't be written */
export async function keepTable(
  store: Store,
  adapter: AdapterDescription,
  kernels: KernelTable,
): Promise<void> {
  const found: TunedTable = { adapter, kernels, tuned: new Date().toISOString() };
  store.files.makeFolder(`${store.root}/devices`);
  const text = JSON.stringify(found, undefined, 2) + "\n";
  await store.replaceFile(pathOf(store.root, adapter), text, true);
}

/** @returns whether there was one */
export function forgetTable(store: Store, adapter: AdapterDescription): boolean {
  const path = pathOf(store.root, adapter);
  const present = store.files.size(path) !== undefined;
  if (present) store.files.remove(path);
  return present;
}
