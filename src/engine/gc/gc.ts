/**
 * The garbage collector.
 *
 * Roots are the last runs of every workflow, runs that are still going, steps with `keep`, pins and
 * published outputs. What a root reaches is never removed, nor is anything younger than an hour, which
 * a run may be about to name. Runs that are no roots are removed with their logs, as are runs that
 * executed nothing and have the results of a later run. Of the remaining results those go first that
 * take the fewest seconds a byte to compute again. Records are removed before their objects, so that
 * after a kill no record names a missing object.
 *
 * A first look takes what has not changed from the last collection's memory. If it finds anything to
 * remove, everything is read again, and that alone decides on what goes.
 */
import { DataError } from "../../errors.ts";
import type { Digest } from "../../workflow/step.ts";
import { isAlive, isRunId, runPath } from "../run/run_folder.ts";
import { type Leftover, listLeftovers } from "../store/leftovers.ts";
import { Listing, type StoredFile } from "../store/listing.ts";
import { decodeManifest } from "../store/manifest.ts";
import type { ManifestRef } from "../store/record.ts";
import type { Store } from "../store/store.ts";
import { type Catalog, type CataloguedRecord, takeCatalog } from "./catalog.ts";
import { CatalogMemory, type ManifestFacts } from "./catalog_memory.ts";
import type { RecordFacts } from "./record_facts.ts";
import { findRoots, type KeepReason, type OldRun } from "./roots.ts";

export interface GcOptions {
  /** Nothing that a record names is removed while the store is smaller; then down to 80 % of it. */
  maxBytes?: number;
  /** Last runs of each workflow that are roots; default 10. */
  keepRuns?: number;
  /** Lists what would be removed, and removes nothing. */
  dryRun?: boolean;
  /** Milliseconds since 1970; default: now. */
  now?: number;
}

export interface Removal {
  what: "result" | "memo" | "checkpoint" | "object" | "run" | Leftover["what"];
  /** Key, digest, file name or id. */
  name: string;
  kind?: string;
  /** Freed by the removal. */
  bytes: number;
  /** To compute it again. */
  seconds?: number;
  reason: string;
}

export interface GcResult {
  removals: readonly Removal[];
  /** Bytes of the results that stay, each counted for the first reason that holds. */
  kept: Readonly<Partial<Record<KeepReason, number>>>;
  bytesBefore: number;
  bytesAfter: number;
}

const YOUNG = 3_600_000;
const DEFAULT_RUNS = 10;
const TRIM = 0.8;

export function gc(store: Store, options: GcOptions = {}): GcResult {
  const memory = CatalogMemory.read(store);
  const first = look(store, options, memory);
  memory.save();
  const found = first.result();
  if (options.dryRun || found.removals.length === 0) return found;
  const collector = memory.isUsed ? look(store, options, CatalogMemory.empty(store)) : first;
  collector.remove();
  return collector.result();
}

/** Everything but the removal. */
function look(store: Store, options: GcOptions, memory: CatalogMemory): Collector {
  const collector = new Collector(store, options, memory);
  collector.markRoots();
  collector.chooseResults();
  collector.chooseLeftovers();
  collector.chooseRuns();
  return collector;
}

/** An object that kept records or candidates reach. */
interface Reached {
  /** How many of them. */
  times: number;
  /** Absent where the store lacks it. */
  file: StoredFile | undefined;
}

/** A record that may be removed, with the objects that it reaches. */
interface Candidate {
  removal: Removal;
  path: string;
  objects: readonly Digest[];
  /** Milliseconds since 1970. */
  changed: number;
}

const REMOVAL_NAMES = { instance: "result", memo: "memo", chain: "checkpoint" } as const;

class Collector {
  readonly #listing: Listing;
  readonly #catalog: Catalog;
  readonly #now: number;
  readonly #reached = new Map<Digest, Reached>();
  readonly #closures = new Map<Digest, readonly Digest[]>();
  readonly #candidates: Candidate[] = [];
  readonly #kept: Partial<Record<KeepReason, number>> = {};
  readonly #chosen: Candidate[] = [];
  readonly #leftovers: { removal: Removal; path: string }[] = [];
  #oldRuns: readonly OldRun[] = [];
  #bytes: number;

  constructor(readonly store: Store, readonly options: GcOptions, readonly memory: CatalogMemory) {
    this.#now = options.now ?? Date.now();
    this.#listing = new Listing(store.files);
    this.#catalog = takeCatalog(store, this.#listing, memory);
    this.#bytes = this.#catalog.bytes;
  }

  /** Splits records into those that stay, whose objects are marked, and those that may go. */
  markRoots(): void {
    const { keepRuns = DEFAULT_RUNS } = this.options;
    const { keys, outputs, oldRuns } = findRoots(
      this.store,
      this.#catalog,
      this.#listing,
      this.memory,
      keepRuns,
    );
    this.#oldRuns = oldRuns;
    const recordsOf = (type: RecordFacts["type"]) =>
      this.#catalog.records.filter(({ facts }) => facts.type === type);
    const chainRoots = new Set<Digest>();
    for (const ref of outputs) this.#keep("recent runs", this.#closure(ref));
    for (const record of recordsOf("instance")) {
      const { facts: { key, chain } } = record;
      const objects = this.#objectsOf(record);
      const reason = keys.get(key);
      if (reason !== undefined || this.#young(record.file.changed)) {
        this.#keep(reason ?? "younger than an hour", objects);
        if (chain !== undefined) chainRoots.add(chain);
      } else this.#addCandidate(record, objects);
    }
    for (const record of recordsOf("chain")) {
      const objects = this.#objectsOf(record);
      if (chainRoots.has(record.facts.key) || this.#young(record.file.changed)) this.#mark(objects);
      else this.#addCandidate(record, objects);
    }
    for (const record of recordsOf("memo")) {
      const { blobs } = record.facts;
      if (this.#reached.has(blobs[0]) || this.#young(record.file.changed)) this.#mark(blobs);
      else this.#addCandidate(record, blobs);
    }
    for (const { objects } of this.#candidates) this.#mark(objects);
  }

  #young(changed: number): boolean {
    // A clock that was set back makes files of the future: they are young.
    return this.#now - changed < YOUNG;
  }

  #keep(reason: KeepReason, objects: readonly Digest[]): void {
    let bytes = 0;
    for (const digest of objects) {
      const reached = this.#reach(digest);
      if (reached.times === 1) bytes += reached.file?.size ?? 0;
    }
    if (objects.length > 0) this.#kept[reason] = (this.#kept[reason] ?? 0) + bytes;
  }

  #mark(objects: readonly Digest[]): void {
    for (const digest of objects) this.#reach(digest);
  }

  #reach(digest: Digest): Reached {
    let reached = this.#reached.get(digest);
    if (!reached) {
      reached = { times: 0, file: this.#catalog.objects.get(digest) };
      this.#reached.set(digest, reached);
    }
    reached.times++;
    return reached;
  }

  #objectsOf({ facts: { manifests, blobs } }: CataloguedRecord): readonly Digest[] {
    if (manifests.length === 1 && blobs.length === 0) return this.#closure(manifests[0]);
    return distinct([...manifests.flatMap((ref) => this.#closure(ref)), ...blobs]);
  }

  /** A manifest and everything below it, each once. */
  #closure(ref: ManifestRef): readonly Digest[] {
    let closure = this.#closures.get(ref.digest);
    if (!closure) {
      const { files, items } = this.#manifest(ref) ?? { files: [], items: [] };
      const below = items.flatMap((item) => this.#closure(item));
      closure = distinct([ref.digest, ...files, ...below]);
      this.#closures.set(ref.digest, closure);
    }
    return closure;
  }

  /** Undefined for one that is gone or no manifest: its record reaches nothing, is a miss, and may go. */
  #manifest(ref: ManifestRef): ManifestFacts | undefined {
    const stored = this.#catalog.objects.get(ref.digest);
    const read = () => {
      try {
        const { files, items = [] } = decodeManifest(this.store.getObjectSync(ref, stored));
        return { files: files.map((file) => file.digest), items };
      } catch (error) {
        if (error instanceof DataError) return undefined;
        throw error;
      }
    };
    return stored?.size === ref.size ? this.memory.manifest(ref.digest, read) : read();
  }

  #addCandidate(
    { facts, file: { path, size, changed } }: CataloguedRecord,
    objects: readonly Digest[],
  ): void {
    const { type, key, kind, seconds, position } = facts;
    const name = type === "chain" ? `${key} ${position}` : key;
    const days = Math.floor((this.#now - changed) / 86_400_000);
    const age = days > 0
      ? `${days} days old`
      : `${Math.floor((this.#now - changed) / 3.6e6)} h old`;
    const reason = `no recent run, pin or publication needs it; ${age}`;
    const removal: Removal = {
      what: REMOVAL_NAMES[type],
      name,
      kind,
      bytes: size,
      seconds,
      reason,
    };
    this.#candidates.push({ removal, path, objects, changed });
  }

  /** The cheapest to compute again first, until the store is small enough. */
  chooseResults(): void {
    const { maxBytes } = this.options;
    if (maxBytes !== undefined && this.#bytes <= maxBytes) return;
    // Without a cap all of them go, in whatever order.
    const target = maxBytes === undefined ? -1 : maxBytes * TRIM;
    const ranked = maxBytes === undefined ? this.#candidates : this.#cheapestFirst();
    for (const candidate of ranked) {
      if (this.#bytes <= target) return;
      for (const digest of candidate.objects) {
        const reached = this.#reached.get(digest)!;
        reached.times--;
        if (reached.times > 0) continue;
        const { file } = reached;
        if (file && !this.#young(file.changed)) candidate.removal.bytes += file.size;
      }
      this.#bytes -= candidate.removal.bytes;
      this.#chosen.push(candidate);
    }
  }

  #cheapestFirst(): Candidate[] {
    const sizeOf = (candidate: Candidate) =>
      [...candidate.objects].reduce(
        (sum, digest) => sum + (this.#catalog.objects.get(digest)?.size ?? 0),
        1,
      );
    return this.#candidates.map((candidate) => ({
      candidate,
      worth: (candidate.removal.seconds ?? 0) / sizeOf(candidate),
    })).sort((a, b) => a.worth - b.worth || a.candidate.changed - b.candidate.changed)
      .map(({ candidate }) => candidate);
  }

  /** Objects that no record names, and what killed runs left. */
  chooseLeftovers(): void {
    for (const [digest, { path, size, changed }] of this.#catalog.objects) {
      if (this.#reached.has(digest) || this.#young(changed)) continue;
      this.#chooseLeftover("object", digest, path, size, "no record names it");
      this.#bytes -= size;
    }
    const leftovers = listLeftovers(this.store, this.#listing, (time) => !this.#young(time));
    for (const { what, name, path, size, reason } of leftovers) {
      this.#chooseLeftover(what, name, path, size, reason);
    }
  }

  chooseRuns(): void {
    for (const { id, changed, reason } of this.#oldRuns) {
      if (!this.#young(changed)) {
        this.#chooseLeftover("run", id, runPath(this.store, id), 0, reason);
      }
    }
    for (const id of this.store.files.list(`${this.store.root}/runs`)) {
      const path = runPath(this.store, id);
      const stat = this.store.files.stat(path);
      if (stat?.kind !== "folder" || this.#young(stat.changed) || !isRunId(id)) continue;
      if (this.store.files.size(`${path}/run.json`) !== undefined) continue;
      if (isAlive(this.store, id)) continue;
      this.#chooseLeftover("run", id, path, 0, "it was killed before it started");
    }
  }

  #chooseLeftover(
    what: Removal["what"],
    name: string,
    path: string,
    bytes: number,
    reason: string,
  ) {
    this.#leftovers.push({ removal: { what, name, bytes, reason }, path });
  }

  remove(): void {
    const { files } = this.store;
    for (const { path } of this.#chosen) files.remove(path);
    for (const { objects } of this.#chosen) {
      for (const digest of objects) {
        if (this.#reached.get(digest)?.times === 0) this.#removeObject(digest);
      }
    }
    for (const { removal, path } of this.#leftovers) {
      if (removal.what === "object") this.#removeObject(removal.name);
      else files.removeTree(path);
    }
    if (this.#chosen.length > 0) {
      const gone = new Set(this.#chosen.map(({ path }) => path));
      this.store.kinds.retain(
        new Set(
          this.#catalog.records.filter(({ file, facts }) =>
            facts.type === "instance" && !gone.has(file.path)
          ).map(({ facts }) => facts.key),
        ),
      );
    }
  }

  /** Checks its age again: a run may have stored it again since the inventory. */
  #removeObject(digest: Digest): void {
    const object = this.#catalog.objects.get(digest);
    if (!object) return;
    const changed = this.store.files.stat(object.path)?.changed;
    if (changed !== undefined && !this.#young(changed)) this.store.files.remove(object.path);
  }

  result(): GcResult {
    return {
      removals: [...this.#chosen, ...this.#leftovers].map(({ removal }) => removal),
      kept: this.#kept,
      bytesBefore: this.#catalog.bytes,
      bytesAfter: this.#bytes,
    };
  }
}

/** A set costs more than a few comparisons. */
const FEW = 8;

function distinct(digests: readonly Digest[]): readonly Digest[] {
  return digests.length > FEW
    ? [...new Set(digests)]
    : digests.filter((digest, index) => digests.indexOf(digest) === index);
}
