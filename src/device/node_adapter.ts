/**
 * The adapter of a cluster's nodes, as a doctor job reported it: what the plans of a profile rest on.
 * A job that meets another adapter is refused, and the report is forgotten, so that the next run asks
 * again.
 */
import { canonicalJson } from "../engine/store/canonical.ts";
import { digestOf, hexOf } from "../engine/store/digest.ts";
import type { Store } from "../engine/store/store.ts";
import { DataError } from "../errors.ts";
import type { AdapterDescription } from "../gpu/device.ts";
import { isJsonObject, parseJsonBytes } from "../json.ts";
import type { ClusterExecutor } from "../workflow/graph.ts";
import type { Json } from "../workflow/step.ts";
import { isAdapterDescription } from "./adapter_memory.ts";

/** One file for all that decides which nodes a profile gets. */
function pathOf(store: Store, profile: ClusterExecutor): string {
  const { profile: _, ...asked } = profile;
  const name = hexOf(digestOf(canonicalJson({ ...asked } as unknown as Json))).slice(0, 16);
  return `${store.root}/devices/nodes/${name}.json`;
}

/** Undefined when no node was asked, or another adapter was met since. */
export function readNodeAdapter(
  store: Store,
  profile: ClusterExecutor,
): AdapterDescription | undefined {
  const path = pathOf(store, profile);
  const bytes = store.files.readSync(path);
  return bytes && adapterOf(bytes, path);
}

/** The adapter in what `gyrus doctor --json` printed; undefined when it is no such report. */
export function adapterOf(bytes: Uint8Array, path: string): AdapterDescription | undefined {
  try {
    const report = parseJsonBytes(bytes, path, { length: 2 ** 20 });
    const adapter = isJsonObject(report) ? report.adapter : undefined;
    return isAdapterDescription(adapter) ? adapter : undefined;
  } catch (error) {
    // A file that is torn is no report.
    if (!(error instanceof DataError)) throw error;
    return undefined;
  }
}

export async function rememberNodeAdapter(
  store: Store,
  profile: ClusterExecutor,
  adapter: AdapterDescription,
): Promise<void> {
  store.files.makeFolder(`${store.root}/devices/nodes`);
  await store.replaceFile(pathOf(store, profile), `${JSON.stringify({ adapter })}\n`, false);
}

export function forgetNodeAdapter(store: Store, profile: ClusterExecutor): void {
  store.files.remove(pathOf(store, profile));
}

/** Bits of the vectors of a software adapter; undefined for a GPU. */
export function vectorWidthOf({ description }: AdapterDescription): number | undefined {
  const [, bits] = /\bllvmpipe\b.*?\b(\d+) bits\b/.exec(description) ?? [];
  return bits === undefined ? undefined : Number(bits);
}
