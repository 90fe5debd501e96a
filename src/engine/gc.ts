/**
 * The garbage collector.
 *
 * Roots are the last runs of every workflow, runs that are still going, steps with `keep`, pins and
 * published outputs. What a root reaches is never removed, nor is anything younger than an hour, which
 * a run may be about to name. Runs that are no roots are removed with their logs, as are runs that
 * executed nothing and have the results of a later run. Of the remaining results those go first that
 * take the fewest seconds a byte to compute again. Records are removed before their objects, so that
 * after a kill no record names a missing object.
 */
import { DataError } from "../errors.ts";
import type { Digest } from "../workflow/step.ts";
import { type Inventory, takeInventory } from "./store/inventory.ts";
import { chainKey } from "./store/key.ts";
import { type Leftover, listLeftovers } from "./store/leftovers.ts";
import { Listing } from "./store/listing.ts";
import { decodeManifest } from "./store/manifest.ts";
import { readPins } from "./store/pins.ts";
import type { ChainRecord, InstanceRecord, ManifestRef, MemoRecord } from "./store/record.ts";
import { isAlive, isRunId, listRuns, readRun, runPath, type RunRecord } from "./run/run_folder.ts";
import type { Store } from "./store/store.ts";

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

/** Why results stay. */
export type KeepReason = "recent runs" | "pins" | "published files" | "younger than an hour";

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
  const collector = new Collector(store, options);
  collector.markRoots();
  collector.chooseResults();
  collector.chooseLeftovers();
  collector.chooseRuns();
  if (!options.dryRun) collector.remove();
  return collector.result();
}

type RunFate = "keep" | "keep-steps" | "drop-repeat" | "drop-old";

const DROP_REASONS: Partial<Record<RunFate, string>> = {
  "drop-repeat": "nothing ran, and a later run has the same results",
  "drop-old": "later runs are kept",
};

/** A record that may be removed, with the objects that only it reaches. */
interface Candidate {
  removal: Removal;
  path: string;
  objects: Set<Digest>;
  /** Milliseconds since 1970. */
  changed: number;
}

class Collector {
  readonly #listing: Listing;
  readonly #inventory: Inventory;
  readonly #now: number;
  /** How many kept records or candidates reach an object. */
  readonly #reached = new Map<Digest, number>();
  readonly #manifests = new Map<Digest, readonly Digest[]>();
  readonly #chosen: Candidate[] = [];
  readonly #leftovers: { removal: Removal; path: string }[] = [];
  #bytes: number;

  constructor(readonly store: Store, readonly options: GcOptions) {
    this.#now = options.now ?? Date.now();
    this.#listing = new Listing(store.files);
    this.#inventory = takeInventory(store, this.#listing);
    this.#bytes = this.#inventory.bytes;
  }

  #candidates: Candidate[] = [];
  readonly #kept: Partial<Record<KeepReason, number>> = {};
  readonly #oldRuns: { id: string; changed: number; reason: string }[] = [];

  /** Splits records into those that stay, whose objects are marked, and those that may go. */
  markRoots(): void {
    const { keys, outputs } = this.#roots();
    const { instances, memos, chains } = this.#inventory;
    const chainRoots = new Set<Digest>();
    for (const ref of outputs) this.#keep("recent runs", this.#closure(ref));
    for (const entry of instances) {
      const objects = this.#objectsOf(entry.record);
      const reason = keys.get(entry.record.key);
      if (reason !== undefined || this.#young(entry.changed)) {
        this.#keep(reason ?? "younger than an hour", objects);
        if (entry.record.parts.position) chainRoots.add(chainKey(entry.record.parts));
      } else this.#candidates.push(this.#resultCandidate(entry, objects));
    }
    for (const entry of chains) {
      const objects = this.#closure(entry.record.artifact);
      if (chainRoots.has(entry.record.key) || this.#young(entry.changed)) this.#mark(objects);
      else this.#candidates.push(this.#chainCandidate(entry, objects));
    }
    for (const entry of memos) {
      const { digest } = entry.record.blob;
      if (this.#reached.has(digest) || this.#young(entry.changed)) this.#mark(new Set([digest]));
      else this.#candidates.push(this.#memoCandidate(entry));
    }
    for (const { objects } of this.#candidates) this.#mark(objects);
  }

  #young(changed: number): boolean {
    // A clock that was set back makes files of the future: they are young.
    return this.#now - changed < YOUNG;
  }

  #keep(reason: KeepReason, objects: ReadonlySet<Digest>): void {
    for (const digest of objects) {
      if (this.#reached.has(digest)) continue;
      const size = this.#inventory.objects.get(digest)?.size ?? 0;
      this.#kept[reason] = (this.#kept[reason] ?? 0) + size;
    }
    this.#mark(objects);
  }

  /** Keys of records, and outputs that have none, which must stay. */
  #roots(): { keys: Map<Digest, KeepReason>; outputs: ManifestRef[] } {
    const keys = new Map<Digest, KeepReason>();
    const outputs: ManifestRef[] = [];
    const contentsOf = new Map<string, Set<string>>();
    const folders = new Set(
      this.#listing.foldersIn(`${this.store.root}/runs`).map(({ name }) => name),
    );
    for (const id of listRuns(this.store)) {
      if (!folders.has(id)) continue;
      const record = readRun(this.store, id);
      if (!record) continue;
      const contents = contentsOf.get(record.workflow.name) ?? new Set<string>();
      contentsOf.set(record.workflow.name, contents);
      const fate = this.#fateOf(record, contents);
      const reason = DROP_REASONS[fate];
      if (reason) this.#oldRuns.push({ id, changed: Date.parse(record.started), reason });
      const recent = fate === "keep" || fate === "drop-repeat";
      for (const entry of record.instances) {
        if (!recent && !entry.keep) continue;
        if (entry.key !== undefined) keys.set(entry.key, "recent runs");
        outputs.push(...Object.values(entry.outputs ?? {}));
      }
    }
    const published = new Set(this.#inventory.published);
    const pins = readPins(this.store);
    for (const { record } of this.#inventory.instances) {
      if (keys.has(record.key)) continue;
      const isPublished = () =>
        Object.values(record.outputs).some(({ digest, items = [] }) =>
          published.has(digest) || items.some((item) => published.has(item.digest))
        );
      if (pins[record.key] !== undefined) keys.set(record.key, "pins");
      else if (isPublished()) keys.set(record.key, "published files");
    }
    return { keys, outputs };
  }

  /**
   * Decides on a run; later runs come first.
   *
   * | the run | fate | results that stay |
   * |---|---|---|
   * | is still running | keep | all |
   * | has the results of a later run that stays, and executed nothing | drop-repeat | all |
   * | has the results of a later run that stays | keep | all |
   * | is among the last `keepRuns` of its workflow, those with equal results counted once | keep | all |
   * | is older, and has steps with `keep` | keep-steps | those of such steps |
   * | is older | drop-old | none |
   *
   * @param contents what the later runs of its workflow that stay have as results; this run's is added
   */
  #fateOf(record: RunRecord, contents: Set<string>): RunFate {
    const content = record.instances.map((entry) => entry.key).sort().join();
    const repeated = contents.has(content);
    const alive = record.status === "running" && isAlive(this.store, record.id);
    if (alive || repeated || contents.size < (this.options.keepRuns ?? DEFAULT_RUNS)) {
      contents.add(content);
      const idle = record.instances.every(({ outcome }) => outcome === "cached");
      return !alive && repeated && idle ? "drop-repeat" : "keep";
    }
    return record.instances.some(({ keep }) => keep) ? "keep-steps" : "drop-old";
  }

  #mark(objects: ReadonlySet<Digest>): void {
    for (const digest of objects) this.#reached.set(digest, (this.#reached.get(digest) ?? 0) + 1);
  }

  #objectsOf(record: InstanceRecord): Set<Digest> {
    const objects = new Set<Digest>();
    for (const output of Object.values(record.outputs)) this.#closure(output, objects);
    if (record.log !== undefined) objects.add(record.log);
    return objects;
  }

  /** A manifest and everything below it. */
  #closure(ref: ManifestRef, into = new Set<Digest>()): Set<Digest> {
    into.add(ref.digest);
    let below = this.#manifests.get(ref.digest);
    if (!below) {
      const { files, items } = this.#manifest(ref);
      below = [...files, ...items.flatMap((item) => [...this.#closure(item)])];
      this.#manifests.set(ref.digest, below);
    }
    for (const digest of below) into.add(digest);
    return into;
  }

  #manifest(ref: ManifestRef): { files: Digest[]; items: readonly ManifestRef[] } {
    try {
      const { files, items } = decodeManifest(
        this.store.getObjectSync(ref, this.#inventory.objects.get(ref.digest)),
      );
      return { files: files.map((file) => file.digest), items: items ?? [] };
    } catch (error) {
      // A record whose manifest is gone or no manifest reaches nothing; it is a miss, and may go.
      if (error instanceof DataError) return { files: [], items: [] };
      throw error;
    }
  }

  #resultCandidate(
    { record, path, size, changed }: Inventory["instances"][number],
    objects: Set<Digest>,
  ): Candidate {
    return this.#candidate("result", record.key, path, size, changed, objects, {
      kind: record.parts.kind,
      seconds: record.seconds,
    });
  }

  #chainCandidate(
    { record, path, size, changed }: { record: ChainRecord } & Inventory["chains"][number],
    objects: Set<Digest>,
  ): Candidate {
    const name = `${record.key} ${record.position}`;
    return this.#candidate("checkpoint", name, path, size, changed, objects, { kind: record.kind });
  }

  #memoCandidate(
    { record, path, size, changed }: { record: MemoRecord } & Inventory["memos"][number],
  ): Candidate {
    return this.#candidate("memo", record.key, path, size, changed, new Set([record.blob.digest]), {
      kind: record.kind,
      seconds: record.seconds,
    });
  }

  #candidate(
    what: Removal["what"],
    name: string,
    path: string,
    size: number,
    changed: number,
    objects: Set<Digest>,
    facts: { kind: string; seconds?: number },
  ): Candidate {
    const days = Math.floor((this.#now - changed) / 86_400_000);
    const age = days > 0
      ? `${days} days old`
      : `${Math.floor((this.#now - changed) / 3.6e6)} h old`;
    const reason = `no recent run, pin or publication needs it; ${age}`;
    return { removal: { what, name, bytes: size, reason, ...facts }, path, objects, changed };
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
        const left = this.#reached.get(digest)! - 1;
        this.#reached.set(digest, left);
        if (left > 0) continue;
        const object = this.#inventory.objects.get(digest);
        if (object && !this.#young(object.changed)) candidate.removal.bytes += object.size;
      }
      this.#bytes -= candidate.removal.bytes;
      this.#chosen.push(candidate);
    }
  }

  #cheapestFirst(): Candidate[] {
    const sizeOf = (candidate: Candidate) =>
      [...candidate.objects].reduce(
        (sum, digest) => sum + (this.#inventory.objects.get(digest)?.size ?? 0),
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
    for (const [digest, { path, size, changed }] of this.#inventory.objects) {
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
        if (this.#reached.get(digest) === 0) this.#removeObject(digest);
      }
    }
    for (const { removal, path } of this.#leftovers) {
      if (removal.what === "object") this.#removeObject(removal.name);
      else files.removeTree(path);
    }
    if (this.#chosen.length > 0) {
      const gone = new Set(this.#chosen.map(({ path }) => path));
      this.store.kinds.rewrite(
        this.#inventory.instances.filter(({ path }) => !gone.has(path))
          .sort((a, b) => a.changed - b.changed).map(({ record }) => record),
      );
    }
  }

  /** Checks its age again: a run may have stored it again since the inventory. */
  #removeObject(digest: Digest): void {
    const object = this.#inventory.objects.get(digest);
    if (!object) return;
    const changed = this.store.files.stat(object.path)?.changed;
    if (changed !== undefined && !this.#young(changed)) this.store.files.remove(object.path);
  }

  result(): GcResult {
    return {
      removals: [...this.#chosen, ...this.#leftovers].map(({ removal }) => removal),
      kept: this.#kept,
      bytesBefore: this.#inventory.bytes,
      bytesAfter: this.#bytes,
    };
  }
}
