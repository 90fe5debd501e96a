/**
 * What a collection has read of a store, for the next one: to look at 100,000 results again takes
 * longer than anything else that it does.
 *
 * A folder of objects or records holds while its times and inode are those at which it was listed, and
 * only if it had not changed for longer than the resolution of its times: files in it never change, they
 * are added, replaced and removed. What a manifest names follows from its digest. Nothing is removed by
 * this memory: before a collection removes anything, it reads the store without it.
 */
import { statIfPresent } from "../../disk/read.ts";
import type { Digest } from "../../workflow/step.ts";
import { DataError } from "../../errors.ts";
import { isJsonObject } from "../../json.ts";
import { isBlob, isTableOf } from "../store/checked.ts";
import { digestOf } from "../store/digest.ts";
import { type Fingerprint, fingerprintOf, isSame, showsEditsSince } from "../store/fingerprint.ts";
import type { Listing, StoredFile } from "../store/listing.ts";
import type { ManifestRef } from "../store/record.ts";
import type { Store } from "../store/store.ts";
import type { RecordFacts } from "./record_facts.ts";

/** What a manifest names. */
export interface ManifestFacts {
  files: readonly Digest[];
  items: readonly ManifestRef[];
}

/** What decides whether a run is a root. */
export interface RunFacts {
  workflow: string;
  /** ISO 8601, UTC. */
  started: string;
  isRunning: boolean;
  /** Of the keys of its instances. */
  content: Digest;
  /** Whether it executed nothing. */
  isIdle: boolean;
  /** Whether it has steps with `keep`. */
  hasKept: boolean;
}

/** A file of a folder that holds files alone. */
type Line = readonly [name: string, size: number, changed: number, facts?: RecordFacts];

/** The second line of the memory's file; the first is its digest. */
interface Remembered {
  /** By path below the store's root. */
  folders: Readonly<Record<string, { seen: Fingerprint; files: readonly Line[] }>>;
  manifests: readonly (readonly [Digest, ManifestFacts])[];
  /** By id. */
  runs: Readonly<Record<string, { seen: Fingerprint; facts: RunFacts }>>;
}

/** Raised when the form or the meaning of anything in it changes. */
const VERSION = 1;
const NOTHING: Remembered = { folders: {}, manifests: [], runs: {} };

export class CatalogMemory {
  readonly #store: Store;
  readonly #earlier: Remembered;
  readonly #earlierManifests: ReadonlyMap<Digest, ManifestFacts>;
  /** What this collection has used. */
  readonly #folders: Record<string, Remembered["folders"][string]> = {};
  readonly #manifests = new Map<Digest, ManifestFacts>();
  readonly #runs: Record<string, Remembered["runs"][string]> = {};
  #isChanged = false;
  #isUsed = false;

  private constructor(store: Store, earlier: Remembered) {
    this.#store = store;
    this.#earlier = earlier;
    this.#earlierManifests = new Map(earlier.manifests);
  }

  /** Of the last collection; a missing, torn or edited one is empty. */
  static read(store: Store): CatalogMemory {
    const bytes = store.files.readSync(pathOf(store));
    return new CatalogMemory(store, bytes ? decode(bytes) : NOTHING);
  }

  static empty(store: Store): CatalogMemory {
    return new CatalogMemory(store, NOTHING);
  }

  /** Whether anything was taken from an earlier collection. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  /**
   * Files of a folder, with what `read` returns for each.
   *
   * @param listing looks at the folder where it has changed
   */
  filesIn(
    folder: string,
    listing: Listing,
    read: (file: StoredFile) => RecordFacts | undefined,
  ): { file: StoredFile; facts?: RecordFacts }[] {
    const name = folder.slice(this.#store.root.length + 1);
    const { now, before } = this.#look(folder, this.#earlier.folders[name]);
    if (before) {
      this.#folders[name] = before;
      return before.files.map(([name, size, changed, facts]) => ({
        file: { kind: "file", name, path: `${folder}/${name}`, size, changed },
        facts,
      }));
    }
    const entries = listing.entriesIn(folder);
    const files = entries.filter(({ kind }) => kind === "file")
      .map((file) => ({ file, facts: read(file) }));
    // A link is listed each time.
    if (now && files.length === entries.length) {
      const lines = files.map(({ file: { name, size, changed }, facts }): Line =>
        facts ? [name, size, changed, facts] : [name, size, changed]
      );
      this.#folders[name] = { seen: now, files: lines };
      this.#isChanged = true;
    }
    return files;
  }

  /**
   * What a manifest that is in the store names.
   *
   * @param read returns undefined for a manifest that can't be read, which is not remembered
   */
  manifest(digest: Digest, read: () => ManifestFacts | undefined): ManifestFacts | undefined {
    const known = this.#earlierManifests.get(digest);
    this.#isUsed ||= known !== undefined;
    const facts = known ?? read();
    if (known === undefined) this.#isChanged = true;
    if (facts) this.#manifests.set(digest, facts);
    return facts;
  }

  /** @param read returns undefined for a run without a readable record */
  run(id: string, read: () => RunFacts | undefined): RunFacts | undefined {
    const path = `${this.#store.root}/runs/${id}/run.json`;
    const { now, before } = this.#look(path, this.#earlier.runs[id]);
    const facts = before?.facts ?? read();
    if (!before) this.#isChanged = true;
    if (facts && (before || now)) this.#runs[id] = before ?? { seen: now!, facts };
    return facts;
  }

  /** For the next collection. A memory that a power failure tears counts as none. */
  save(): void {
    if (!this.#isChanged || !this.#store.writable) return;
    const { files, root } = this.#store;
    const remembered: Remembered = {
      folders: this.#folders,
      manifests: [...this.#manifests],
      runs: this.#runs,
    };
    const text = JSON.stringify(remembered);
    const temporary = `${root}/tmp/${crypto.randomUUID()}`;
    try {
      files.append(temporary, `${VERSION} ${digestOf(text)}\n${text}`);
      files.rename(temporary, pathOf(this.#store));
    } catch (error) {
      // On a full disk a collection matters most; the next one reads everything again.
      if (!(error instanceof DataError)) throw error;
      files.remove(temporary);
    }
  }

  /**
   * @returns `before` where the path is as it was then; `now`, where a later change of it will show
   */
  #look<T extends { seen: Fingerprint }>(
    path: string,
    before: T | undefined,
  ): { now?: Fingerprint; before?: T } {
    const time = Date.now();
    const stat = statIfPresent(path);
    if (!stat) return {};
    const now = fingerprintOf(stat);
    if (before && isSame(before.seen, now)) {
      this.#isUsed = true;
      return { before };
    }
    return showsEditsSince(now, time) ? { now } : {};
  }
}

function pathOf({ root }: Store): string {
  return `${root}/catalog`;
}

const LINE_END = 10;

function decode(bytes: Uint8Array<ArrayBuffer>): Remembered {
  const start = bytes.indexOf(LINE_END) + 1;
  const decoder = new TextDecoder();
  const head = decoder.decode(bytes.subarray(0, start));
  const body = bytes.subarray(start);
  if (head !== `${VERSION} ${digestOf(body)}\n`) return NOTHING;
  // Whoever can write here can compute a digest.
  try {
    const value: unknown = JSON.parse(decoder.decode(body));
    return isRemembered(value) ? value : NOTHING;
  } catch (error) {
    if (error instanceof SyntaxError) return NOTHING;
    throw error;
  }
}

function isRemembered(value: unknown): value is Remembered {
  return isJsonObject(value) &&
    isTableOf(value.folders, isFolder) && isTableOf(value.runs, isRun) &&
    isListOf(
      value.manifests,
      (line) => Array.isArray(line) && typeof line[0] === "string" && isManifest(line[1]),
    );
}

function isFolder(value: unknown): value is Remembered["folders"][string] {
  return isJsonObject(value) && isFingerprint(value.seen) &&
    isListOf(
      value.files,
      (line) =>
        Array.isArray(line) && typeof line[0] === "string" && typeof line[1] === "number" &&
        typeof line[2] === "number" && (line[3] === undefined || isFacts(line[3])),
    );
}

function isRun(value: unknown): value is Remembered["runs"][string] {
  return isJsonObject(value) && isFingerprint(value.seen) && isJsonObject(value.facts) &&
    [value.facts.workflow, value.facts.started, value.facts.content].every(isText);
}

function isFingerprint(value: unknown): value is Fingerprint {
  return isJsonObject(value) && typeof value.inode === "string";
}

function isManifest(value: unknown): value is ManifestFacts {
  return isJsonObject(value) && isListOf(value.files, isText) && isListOf(value.items, isBlob);
}

function isFacts(value: unknown): value is RecordFacts {
  return isJsonObject(value) && isText(value.key) && isText(value.kind) &&
    (value.type === "instance" || value.type === "memo") &&
    isListOf(value.manifests, isBlob) && isListOf(value.blobs, isText) &&
    isListOf(value.elements, isText);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isListOf(value: unknown, fits: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(fits);
}
