/** Pins: records that the garbage collector may not take, with a note each. */
import type { Digest } from "../../workflow/step.ts";
import { isTableOf, parseStored } from "./checked.ts";
import { isDigest } from "./digest.ts";
import type { Store } from "./store.ts";

function pinsPath(store: Store): string {
  return `${store.root}/pins.json`;
}

/**
 * Notes by key.
 *
 * @throws {DataError} when the file is torn or holds something else: what was pinned is then not known,
 * so that nothing may be collected
 */
export function readPins(store: Store): Readonly<Record<Digest, string>> {
  const path = pinsPath(store);
  const bytes = store.files.readSync(path);
  if (!bytes) return {};
  const wayOut = "remove it, and pin again what `gyrus cache gc` must keep";
  return parseStored(bytes, path, isPins, "a list of pins", wayOut);
}

function isPins(value: unknown): value is Record<Digest, string> {
  return isTableOf(value, (note) => typeof note === "string") && Object.keys(value).every(isDigest);
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
