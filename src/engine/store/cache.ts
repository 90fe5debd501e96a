/** What `gyrus cache` lists and does, except the garbage collector. */
import { isAbsent } from "../../disk/errors.ts";
import { DataError } from "../../errors.ts";
import type { Digest } from "../../workflow/step.ts";
import { outputState } from "./artifact.ts";
import { digestFile, hexOf } from "./digest.ts";
import { type Inventory, takeInventory } from "./inventory.ts";
import { readPins } from "./pins.ts";
import type { InstanceRecord } from "./record.ts";
import type { Store } from "./store.ts";

export interface CacheStats {
  bytes: number;
  objects: number;
  results: number;
  memos: number;
  checkpoints: number;
  /** Set aside as corrupt. */
  quarantined: number;
  pinned: number;
  /** Most bytes first. */
  kinds: readonly { kind: string; results: number; bytes: number; seconds: number }[];
}

export function cacheStats(store: Store): CacheStats {
  const inventory = takeInventory(store);
  const kinds = new Map<string, { results: number; bytes: number; seconds: number }>();
  for (const { record } of inventory.instances) {
    const sum = kinds.get(record.parts.kind) ?? { results: 0, bytes: 0, seconds: 0 };
    sum.results++;
    sum.bytes += record.bytes;
    sum.seconds += record.seconds;
    kinds.set(record.parts.kind, sum);
  }
  return {
    bytes: inventory.bytes,
    objects: inventory.objects.size,
    results: inventory.instances.length,
    memos: inventory.memos.length,
    checkpoints: inventory.chains.length,
    quarantined: inventory.quarantined,
    pinned: Object.keys(readPins(store)).length,
    kinds: [...kinds].map(([kind, sum]) => ({ kind, ...sum })).sort((a, b) => b.bytes - a.bytes),
  };
}

export interface CachedResult {
  record: InstanceRecord;
  pinned?: string;
  state: "present" | "missing" | "corrupt";
}

/** Results, newest first; of one kind when given. */
export function listCache(store: Store, kind?: string): CachedResult[] {
  const pins = readPins(store);
  return takeInventory(store).instances
    .filter(({ record }) => kind === undefined || record.parts.kind === kind)
    .sort((a, b) => b.record.created.localeCompare(a.record.created))
    .map(({ record }) => {
      const states = Object.values(record.outputs).map((output) => outputState(store, output));
      const pinned = pins[record.key];
      return {
        record,
        ...(pinned !== undefined && { pinned }),
        state: states.find((state) => state !== "present") ?? "present",
      };
    });
}

export interface CacheVerification {
  objects: number;
  records: number;
  /** Set aside by this verification. */
  corrupt: readonly string[];
  /** Results copied from elsewhere of which not all parts were copied, by where they came from. */
  elsewhere: Readonly<Record<string, number>>;
  /** Results with missing or corrupt parts; they count as misses. */
  incomplete: readonly { key: Digest; kind: string; output: string; state: string }[];
}

/** Reads every byte of the first tier; what is corrupt is set aside and counts as a miss. */
export async function verifyCache(store: Store): Promise<CacheVerification> {
  const inventory = takeInventory(store);
  const corrupt: string[] = [];
  for (const [digest, file] of inventory.objects) {
    const found = await digestFile(file.path).catch((error) => {
      if (isAbsent(error)) return undefined;
      throw error;
    });
    if (found === undefined || found.digest === digest) continue;
    corrupt.push(digest);
    store.quarantine("object", digest, file.path);
  }
  for (const { name, path } of inventory.torn) {
    corrupt.push(name);
    store.quarantine("record", name, path);
  }
  return {
    objects: inventory.objects.size,
    records: inventory.instances.length + inventory.memos.length + inventory.chains.length,
    corrupt,
    ...findIncomplete(store, inventory),
  };
}

function findIncomplete(
  store: Store,
  inventory: Inventory,
): Pick<CacheVerification, "incomplete" | "elsewhere"> {
  const incomplete: CacheVerification["incomplete"][number][] = [];
  const elsewhere: Record<string, number> = {};
  for (const { record: { key, parts, outputs, from } } of inventory.instances) {
    const lost = Object.entries(outputs)
      .map(([output, ref]) => ({ output, state: outputState(store, ref) }))
      .filter(({ state }) => state !== "present");
    const isPartial = from !== undefined && lost.some(({ state }) => state === "missing");
    if (isPartial) elsewhere[from] = (elsewhere[from] ?? 0) + 1;
    for (const { output, state } of lost) {
      if (isPartial && state === "missing") continue;
      incomplete.push({ key, kind: parts.kind, output, state });
    }
  }
  return { incomplete, elsewhere };
}

/**
 * Keys that a text refers to: a key, its first digits, or the name of a kind.
 * @throws {DataError} when it refers to none, or digits to several
 */
export function findKeys(store: Store, text: string): Digest[] {
  const { instances } = takeInventory(store);
  const ofKind = instances.filter(({ record }) => record.parts.kind === text);
  if (ofKind.length > 0) return ofKind.map(({ record }) => record.key);
  const digits = text.replace(/^sha256-/, "");
  const found = instances.filter(({ record }) => hexOf(record.key).startsWith(digits));
  if (found.length === 0 || digits === "") {
    throw new DataError(text, "is no kind of step in this cache, and no key starts with it");
  }
  if (found.length > 1) {
    throw new DataError(text, `${found.length} keys start with it; give more digits`);
  }
  return found.map(({ record }) => record.key);
}

/** Removes records; their objects go with the next garbage collection unless others name them. */
export function removeResults(store: Store, keys: readonly Digest[]): void {
  for (const key of keys) store.files.remove(store.recordPath(key));
}
