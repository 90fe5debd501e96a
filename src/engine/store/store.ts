/**
 * The store: objects by digest, records by key.
 *
 *     objects/ab/sha256-ab…        immutable, read-only
 *     records/cd/sha256-cd….json   a record is the commit point: it is published last
 *     chains/ef/sha256-ef…/        checkpoints by position
 *     kinds/<kind>.log             keys of every kind, newest last; a convenience
 *     leases/ memo/ published/ runs/ quarantine/ tmp/
 *
 * `durable.ts` writes them: a kill or a power failure at any instant leaves at most a file in tmp.
 */
import { isAbsent } from "../../disk/errors.ts";
import { diskFiles, type FileOperations, type FileStat } from "../../disk/operations.ts";
import { readFile } from "../../disk/read.ts";
import { DataError } from "../../errors.ts";
import { resolve } from "../../workflow/paths.ts";
import type { Blob, Digest } from "../../workflow/step.ts";
import { Chains } from "./chains.ts";
import { checkDigest } from "./checked.ts";
import { digestOf, hexOf, isDigest } from "./digest.ts";
import { type Content, DurableWriter, folderOf } from "./durable.ts";
import { Externals } from "./externals.ts";
import { takeFingerprint } from "./fingerprint.ts";
import { KindIndex } from "./kind_index.ts";
import {
  decodeRecord,
  encodeRecord,
  type InstanceRecord,
  type MemoRecord,
  type RecordOf,
} from "./record.ts";
import type { SharedTier } from "./shared_tier.ts";
import { corruptError, missingError, ObjectError, readOnlyError } from "./store_error.ts";

/**
 * When an object's digest is checked on reading: every time, the first time this process reads it,
 * or, for disks that check themselves, never. Its size always is.
 */
export type VerifyPolicy = "always" | "first" | "size";

export interface StoreOptions {
  /** Further stores, read-only: what the first lacks is looked up there, in order. */
  lower?: readonly string[];
  /** Default `first`. */
  verify?: VerifyPolicy;
  files?: FileOperations;
}

/** An object or a record that was found corrupt. */
export interface Corruption {
  what: "object" | "record";
  /** Digest or key. */
  name: string;
  /** Where it was set aside; where it was found if the store is read-only. */
  path: string;
}

const FOLDERS = ["objects", "records", "chains", "kinds", "leases", "memo", "runs", "tmp"];

/**
 * Opens a store and makes its folders where they are missing and the disk allows it.
 *
 * @param folder relative to the current one, which may change afterwards
 * @throws {DataError} when it can be neither made nor read
 */
export function openStore(folder: string, options: StoreOptions = {}): Store {
  const root = resolve(folder);
  const files = options.files ?? diskFiles;
  let writable = true;
  const isNew = files.list(root).length === 0;
  try {
    for (const folder of FOLDERS) files.makeFolder(`${root}/${folder}`);
    const probe = `${root}/tmp/probe-${crypto.randomUUID()}`;
    files.create(probe).close();
    files.remove(probe);
  } catch (cause) {
    // A full disk is not a read-only cache.
    const closed = cause instanceof DataError && /read-only|permission/.test(cause.problem);
    if (!closed || files.list(`${root}/records`).length === 0) throw cause;
    writable = false;
  }
  return new Store(root, files, writable, isNew, options);
}

/** Whether a folder is a store. */
export function isStore(root: string): boolean {
  return diskFiles.stat(`${root}/records`) !== undefined;
}

/** Opens a store that exists, to read from it alone: nothing in it is made or changed. */
export function openStoreForReading(root: string, lower: readonly string[] = []): Store {
  return new Store(root, diskFiles, false, false, { lower });
}

export class Store {
  /** Files that steps read where they are. */
  readonly externals: Externals;
  /** Published files. They are the user's to edit, so that no step reads them. */
  readonly copies: Externals;
  readonly kinds: KindIndex;
  readonly chains: Chains;
  readonly lower: readonly string[];
  readonly verify: VerifyPolicy;
  /** Called for each object or record that is found corrupt. */
  onCorruption: (corruption: Corruption) => void = () => {};
  /** A cache on another machine, of a writable store whose process may use the network. */
  shared?: SharedTier;

  readonly #writer: DurableWriter;
  /**
   * When each file that was found to have its digest had last changed, by path. Another thread or
   * process may set an object aside and store it again.
   */
  readonly #verified = new Map<string, number>();
  /** When this process wrote an object that was not there; milliseconds since 1970. */
  readonly #written = new Map<Digest, number>();
  /** Objects that a read-only store was asked to store: lost at exit. */
  readonly #memory = new Map<Digest, Uint8Array<ArrayBuffer>>();

  constructor(
    readonly root: string,
    readonly files: FileOperations,
    readonly writable: boolean,
    isNew: boolean,
    options: StoreOptions,
  ) {
    this.#writer = new DurableWriter(root, files, isNew);
    this.lower = (options.lower ?? []).map((folder) => resolve(folder));
    this.verify = options.verify ?? "first";
    this.externals = new Externals(`${root}/memo`, files, writable);
    this.copies = new Externals(`${root}/copies`, files, writable);
    this.kinds = new KindIndex(this.#roots, files, writable);
    this.chains = new Chains(this.#roots, files, this.#writer, writable, (name, path) => {
      this.quarantine("record", name, path);
    });
  }

  get #roots(): readonly string[] {
    return [this.root, ...this.lower];
  }

  // ---- objects ----

  objectPath(digest: Digest, root: string = this.root): string {
    return `${root}/objects/${hexOf(checkDigest(digest)).slice(0, 2)}/${digest}`;
  }

  /**
   * Stores bytes; their name is durable after {@link sync}. Present already is success.
   *
   * @throws {TypeError} on shared memory, which another thread could change after it was hashed
   */
  async putObject(bytes: Uint8Array): Promise<Blob> {
    if (!(bytes.buffer instanceof ArrayBuffer)) {
      throw new TypeError("shared memory can't be stored; copy it first");
    }
    const blob = { digest: digestOf(bytes), size: bytes.length };
    if (!this.writable) {
      if (!this.hasObject(blob)) this.#memory.set(blob.digest, new Uint8Array(bytes));
      return blob;
    }
    const path = this.objectPath(blob.digest);
    const present = this.files.size(path);
    if (present === blob.size) {
      this.files.touch(path);
      // So that a collection looks at the times of its files again.
      this.files.touch(folderOf(path));
      this.#written.delete(blob.digest);
      this.#writer.adopt(path);
      return blob;
    }
    if (present !== undefined) this.quarantine("object", blob.digest, path);
    else if (this.#lowerPath(blob)) return blob;
    await this.#publish(path, bytes);
    const changed = this.files.stat(path)?.changed;
    if (changed !== undefined) this.#written.set(blob.digest, changed);
    return blob;
  }

  /**
   * Stores an object that comes in pieces, which throw after the last when they are another's.
   *
   * @throws whatever the iteration over the pieces throws; nothing is stored then
   */
  async receiveObject(blob: Blob, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const path = this.objectPath(blob.digest);
    const present = this.files.size(path);
    if (present !== undefined && present !== blob.size) {
      this.quarantine("object", blob.digest, path);
    }
    await this.#publish(path, pieces);
  }

  /** Removes an object that this process wrote and that no process has stored again since. */
  discard(digest: Digest): void {
    const path = this.objectPath(digest);
    const written = this.#written.get(digest);
    if (written === undefined || this.files.stat(path)?.changed !== written) return;
    this.#written.delete(digest);
    this.files.remove(path);
  }

  /** Whether the object is present in its full size. */
  hasObject(blob: Blob): boolean {
    return this.#memory.has(blob.digest) || this.#pathOf(blob) !== undefined;
  }

  /** As {@link hasObject}; corrupt means that it is there in another size. */
  objectState(blob: Blob): "present" | "missing" | "corrupt" {
    if (this.hasObject(blob)) return "present";
    return this.files.size(this.objectPath(blob.digest)) === undefined ? "missing" : "corrupt";
  }

  /** Whether it is an object, or an external file that still looks the same. */
  hasBlob(blob: Blob): boolean {
    // First where the runtime need not make an error for each image of a data set.
    return this.externals.locateKnown(blob) !== undefined || this.hasObject(blob) ||
      this.externals.locate(blob) !== undefined;
  }

  /**
   * The bytes of an object or an external file. Whether an object is corrupt is a question of its
   * digest alone: a wrong size in a reference to it sets nothing aside.
   *
   * @throws {ObjectError} when it is gone, changed or corrupt; corrupt objects are set aside
   */
  async getBlob(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
    const memory = this.#memory.get(blob.digest);
    if (memory) return memory;
    let isCorrupt = false;
    for (const root of this.#roots) {
      const path = this.objectPath(blob.digest, root);
      const stat = this.files.stat(path);
      const bytes = stat && await this.files.read(path, stat.size);
      if (!bytes) continue;
      if (this.#intact(path, stat.changed, blob, bytes)) return bytes;
      isCorrupt = true;
      if (root === this.root) this.quarantine("object", blob.digest, path);
    }
    const path = this.externals.locate(blob);
    if (path !== undefined) return await this.#getExternal(blob, path);
    if (await this.shared?.fetchObject(blob)) {
      const own = this.objectPath(blob.digest);
      const stat = this.files.stat(own);
      const bytes = stat && await this.files.read(own, stat.size);
      if (bytes && this.#intact(own, stat.changed, blob, bytes)) return bytes;
    }
    throw isCorrupt ? corruptError(blob) : missingError(blob, this.externals.pathsOf(blob.digest));
  }

  /**
   * As {@link getBlob} for small objects in the store, such as manifests.
   *
   * @param listed of the object in this store's own folder, where that was just taken
   */
  getObjectSync(blob: Blob, listed?: FileStat): Uint8Array<ArrayBuffer> {
    const memory = this.#memory.get(blob.digest);
    if (memory) return memory;
    let isCorrupt = false;
    for (const root of this.#roots) {
      const path = this.objectPath(blob.digest, root);
      const stat = root === this.root && listed || this.files.stat(path);
      const bytes = stat && this.files.readSync(path, stat);
      if (!bytes) continue;
      if (this.#intact(path, stat.changed, blob, bytes)) return bytes;
      isCorrupt = true;
      if (root === this.root) this.quarantine("object", blob.digest, path);
    }
    throw isCorrupt ? corruptError(blob) : missingError(blob, []);
  }

  async #getExternal(blob: Blob, path: string): Promise<Uint8Array<ArrayBuffer>> {
    const { changed } = takeFingerprint(path);
    const bytes = await readFile(path);
    if (!this.#intact(path, changed, blob, bytes)) {
      throw new DataError(path, "changed during the run");
    }
    return bytes;
  }

  /**
   * @param changed when the file had last changed before it was read
   * @throws {ObjectError} when the bytes have the digest, and the reference has another size
   */
  #intact(path: string, changed: number, blob: Blob, bytes: Uint8Array): boolean {
    if (bytes.length === blob.size) {
      if (this.verify === "size") return true;
      if (this.verify === "first" && this.#verified.get(path) === changed) return true;
    }
    if (digestOf(bytes) !== blob.digest) return false;
    this.#verified.set(path, changed);
    if (bytes.length === blob.size) return true;
    const problem = `has ${bytes.length} bytes, and a reference to it states ${blob.size}`;
    throw new ObjectError(blob.digest, "corrupt", problem);
  }

  #pathOf(blob: Blob): string | undefined {
    const path = this.objectPath(blob.digest);
    return this.files.size(path) === blob.size ? path : this.#lowerPath(blob);
  }

  #lowerPath(blob: Blob): string | undefined {
    return this.lower.map((root) => this.objectPath(blob.digest, root))
      .find((path) => this.files.size(path) === blob.size);
  }

  // ---- records ----

  recordPath(key: Digest, root: string = this.root): string {
    return `${root}/records/${hexOf(checkDigest(key)).slice(0, 2)}/${key}.json`;
  }

  /** The record of a key, or undefined; a corrupt one is set aside and counts as absent. */
  record(key: Digest): InstanceRecord | undefined {
    return this.#readRecord(key, "instance");
  }

  memo(key: Digest): MemoRecord | undefined {
    return this.#readRecord(key, "memo");
  }

  #readRecord<T extends "instance" | "memo">(key: Digest, type: T): RecordOf<T> | undefined {
    for (const root of this.#roots) {
      const path = this.recordPath(key, root);
      const bytes = this.files.readSync(path);
      if (!bytes) continue;
      const record: RecordOf<T> | undefined = decodeRecord(bytes, type);
      if (record?.key === key) return record;
      if (root === this.root) this.quarantine("record", key, path);
    }
    return undefined;
  }

  /** Publishes a record after everything it names; the commit point of an instance. */
  async publishRecord(record: InstanceRecord | MemoRecord): Promise<void> {
    if (!this.writable) throw readOnlyError(this.root);
    await this.sync();
    const path = this.recordPath(record.key);
    await this.#publish(path, encodeRecord(record));
    await this.sync();
    if (record.type === "instance") this.kinds.add(record);
  }

  /** Keys of all records, for plans so large that asking one by one is slower. */
  recordKeys(): Set<Digest> {
    const keys = new Set<Digest>();
    for (const root of this.#roots) {
      for (const prefix of this.files.list(`${root}/records`)) {
        for (const name of this.files.list(`${root}/records/${prefix}`)) {
          const key = name.slice(0, -".json".length);
          if (name.endsWith(".json") && isDigest(key)) keys.add(key);
        }
      }
    }
    return keys;
  }

  // ---- publishing ----

  /** Returns when every name that was published so far would survive a power failure. */
  sync(): Promise<void> {
    return this.#writer.sync();
  }

  async #publish(path: string, bytes: Content): Promise<void> {
    if (!this.writable) throw readOnlyError(this.root);
    await this.#writer.publish(path, bytes);
  }

  /**
   * Replaces a file that is no object and no record; a kill leaves the old or the new one.
   * @param durable whether its content must survive a power failure
   */
  replaceFile(path: string, text: string, durable: boolean): Promise<void> {
    return this.#writer.replace(path, new TextEncoder().encode(text), durable);
  }

  /** Sets a corrupt file aside, so that it counts as absent. */
  quarantine(what: Corruption["what"], name: string, path: string): void {
    this.#verified.delete(path);
    if (!this.writable) {
      this.onCorruption({ what, name, path });
      return;
    }
    this.files.makeFolder(`${this.root}/quarantine`);
    const aside = `${this.root}/quarantine/${path.split("/").at(-1)}.${Date.now()}`;
    try {
      this.files.rename(path, aside);
    } catch (cause) {
      // Another process has moved it.
      if (!isAbsent(cause)) throw cause;
    }
    this.onCorruption({ what, name, path: aside });
  }
}
