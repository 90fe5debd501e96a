/** Makes sure that what will be read is in the store's folders, which threads and jobs read too. */
import { outputState } from "./artifact.ts";
import type { ManifestRef } from "./record.ts";
import type { Store } from "./store.ts";

/** Whether the store has all outputs, those included that it now copies from the shared cache. */
export async function fetchOutputs(
  store: Store,
  outputs: readonly ManifestRef[],
): Promise<boolean> {
  for (const ref of outputs) {
    if (outputState(store, ref) === "present") continue;
    if (!await store.shared?.fetchOutput(ref)) return false;
  }
  return true;
}

/** As {@link fetchOutputs}, but whether they could be copied; nothing is but lists of files. */
export async function hasOutputs(store: Store, outputs: readonly ManifestRef[]): Promise<boolean> {
  for (const ref of outputs) {
    if (outputState(store, ref) === "present") continue;
    if (!await store.shared?.hasOutput(ref)) return false;
  }
  return true;
}
