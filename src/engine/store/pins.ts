/** Pins: records that the garbage collector may not take, with a note each. */
import type { Digest } from "../../workflow/step.ts";
import type { Store } from "./store.ts";

function pinsPath(store: Store): string {
  return `${store.root}/pins.json`;
}

/** Notes by key. */
export function readPins(store: Store): Readonly<Record<Digest, string>> {
  const bytes = store.files.readSync(pinsPath(store));
  return bytes ? JSON.parse(new TextDecoder().decode(bytes)) : {};
}

/** Pins keys. */
export function pin(store: Store, keys: readonly Digest[], note: string): Promise<void> {
  const pins = { ...readPins(store) };
  for (const key of keys) pins[key] = note;
  return writePins(store, pins);
}

/** Unpins keys; no problem for those that are not pinned. */
export function unpin(store: Store, keys: readonly Digest[]): Promise<void> {
  const pins = { ...readPins(store) };
  for (const key of keys) delete pins[key];
  return writePins(store, pins);
}

async function writePins(store: Store, pins: Record<Digest, string>): Promise<void> {
  await store.replaceFile(pinsPath(store), JSON.stringify(pins, undefined, 1) + "\n", true);
  await store.files.syncFolder(store.root);
}
