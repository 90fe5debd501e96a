/**
 * The vector width of lavapipe on a processor with AVX-512, as `gyrus tune` chooses it. The driver
 * reads it when it loads, so the launcher measures each width in a process of its own; what they
 * found is in the cache, below the adapter of each width.
 */
import { takeInventory } from "../engine/store/inventory.ts";
import type { Store } from "../engine/store/store.ts";
import type { AdapterDescription } from "../gpu/device.ts";
import { isJsonObject } from "../json.ts";
import { readTunedTable } from "./kernel_tables.ts";

/** Bits. */
export const VECTOR_WIDTHS: readonly number[] = [256, 512];

const BITS = /\b\d+ bits\b/;

/** Whether the adapter's vector width can be chosen. */
export function hasVectorWidth({ description }: AdapterDescription): boolean {
  return /llvmpipe/.test(description) && BITS.test(description);
}

/** The same adapter with vectors of `bits` bits of 32-bit numbers. */
export function withVectorWidth(adapter: AdapterDescription, bits: number): AdapterDescription {
  const description = adapter.description.replace(BITS, `${bits} bits`);
  return { ...adapter, description, subgroupMinSize: bits / 32 };
}

export interface VectorWidth {
  bits: number;
  /** Of the measured layers, with the fastest kernels of this width. */
  milliseconds: number;
}

/**
 * The widths that were measured, the one to use first. Another than `current` is used when it is at
 * least 3 % faster: less is noise.
 */
export function rankVectorWidths(
  store: Store,
  adapter: AdapterDescription,
  current: number,
): VectorWidth[] {
  const measured = VECTOR_WIDTHS.flatMap((bits): VectorWidth[] => {
    const milliseconds = readTunedTable(store, withVectorWidth(adapter, bits))?.milliseconds;
    return typeof milliseconds === "number" ? [{ bits, milliseconds }] : [];
  });
  const rank = ({ bits, milliseconds }: VectorWidth) =>
    bits === current ? milliseconds * 0.97 : milliseconds;
  return measured.sort((a, b) => rank(a) - rank(b));
}

/** Results of the store's first tier that were computed with vectors of `bits` bits. */
export function countResults(store: Store, adapter: AdapterDescription, bits: number): number {
  const { description } = withVectorWidth(adapter, bits);
  return takeInventory(store).instances.filter(({ record: { parts } }) =>
    isJsonObject(parts.numericClass) && parts.numericClass.description === description
  ).length;
}
