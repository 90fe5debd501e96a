/**
 * Kernel tables that `gyrus tune` measured: `devices/<digest of the adapter>.json` in the cache that
 * holds the results computed with them. A table is part of the keys of these results.
 */
import { DataError } from "../errors.ts";
import { parseJsonBytes } from "../json.ts";
import { digestOf, hexOf } from "../engine/store/digest.ts";
import type { Store } from "../engine/store/store.ts";
import type { AdapterDescription } from "../gpu/device.ts";
import { type KernelTable, standardTable } from "../gpu/tuning.ts";
import { identityOf } from "./adapter_memory.ts";
import type { Candidate } from "./tune.ts";

/** A table and the adapter on which it was the fastest. */
export interface TunedTable {
  adapter: AdapterDescription;
  kernels: KernelTable;
  /** Of the layers that were measured. */
  milliseconds: number;
  /** ISO 8601, UTC. */
  tuned: string;
}

function pathOf(root: string, adapter: AdapterDescription): string {
  return `${root}/devices/${hexOf(digestOf(identityOf(adapter))).slice(0, 16)}.json`;
}

/** By adapter; read once a store, so that all keys of a run name one table. */
const picked = new WeakMap<Store, Map<string, KernelTable>>();

/** The table that results in a store are computed with: the tuned one, else the adapter's standard. */
export function pickKernelTable(store: Store, adapter: AdapterDescription): KernelTable {
  const tables = picked.getOrInsertComputed(store, () => new Map());
  return tables.getOrInsertComputed(
    identityOf(adapter),
    () => readTunedTable(store, adapter)?.kernels ?? standardTable(adapter),
  );
}

/** Of the first tier that has one; undefined too when this version's kernels have other choices. */
export function readTunedTable(store: Store, adapter: AdapterDescription): TunedTable | undefined {
  for (const root of [store.root, ...store.lower]) {
    const bytes = store.files.readSync(pathOf(root, adapter));
    if (bytes === undefined) continue;
    try {
      const found = parseJsonBytes(bytes, "a table of kernels") as TunedTable;
      if (fits(found.kernels, standardTable(adapter))) return found;
    } catch (error) {
      // A file that is truncated or holds something else is no table.
      if (!(error instanceof DataError || error instanceof TypeError)) throw error;
    }
  }
  return undefined;
}

/** Whether two tables have the same fields, with values of the same types. */
function fits(table: KernelTable, standard: KernelTable): boolean {
  const names = Object.keys(standard) as (keyof KernelTable)[];
  return Object.keys(table).length === names.length &&
    table.convolution === standard.convolution &&
    names.every((name) => typeof table[name] === typeof standard[name]);
}

/**
 * Writes the table that later runs on this adapter use, be it the standard one.
 *
 * @throws {DataError} when the cache can't be written
 */
export async function saveTunedTable(
  store: Store,
  adapter: AdapterDescription,
  { table: kernels, milliseconds }: Candidate,
): Promise<void> {
  const found: TunedTable = { adapter, kernels, milliseconds, tuned: new Date().toISOString() };
  store.files.makeFolder(`${store.root}/devices`);
  const text = JSON.stringify(found, undefined, 2) + "\n";
  await store.replaceFile(pathOf(store.root, adapter), text, true);
}

/**
 * Removes the table from the store's own tier.
 *
 * @returns whether there was one
 */
export function forgetTunedTable(store: Store, adapter: AdapterDescription): boolean {
  const path = pathOf(store.root, adapter);
  const present = store.files.size(path) !== undefined;
  if (present) store.files.remove(path);
  return present;
}
