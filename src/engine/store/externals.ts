/**
 * Files outside the store, by digest: a memo so that a big input is hashed once.
 *
 * A digest is valid while the file's size, times and inode are those at which it was hashed, and only
 * if the file had not changed for longer than the resolution of its times: a later edit could
 * otherwise have the same ones. Losing the memo costs hashing again and nothing else.
 */
import type { FileOperations } from "../../disk/operations.ts";
import { DataError } from "../../errors.ts";
import { parseJson } from "../../json.ts";
import type { Blob, Digest } from "../../workflow/step.ts";
import { isSize } from "./checked.ts";
import { digestFile, digestOf, hexOf, isDigest } from "./digest.ts";
import {
  COARSE_TICK,
  type Fingerprint,
  isSame,
  showsEditsSince,
  takeFingerprint,
} from "./fingerprint.ts";

const SHARDS = 256;

interface MemoEntry extends Fingerprint {
  digest: Digest;
  /** When hashing started, or until when no other program could find it; ms since 1970. */
  hashed: number;
}

/** Hash memo over files outside the store. */
export class Externals {
  /** Entries by path, a shard a hash of the path. */
  readonly #shards = new Map<number, Map<string, MemoEntry>>();
  readonly #dirty = new Set<number>();
  /** Of paths that were asked for: a path is hashed to find its shard. */
  readonly #shardNumbers = new Map<string, number>();
  #byDigest: Map<Digest, string[]> | undefined;
  /** When the memo's folder last changed before `#byDigest` was made. */
  #seen: number | undefined;

  /** @param folder of the memo; entries live in memory alone when `writable` is false */
  constructor(
    readonly folder: string,
    readonly files: FileOperations,
    readonly writable: boolean,
  ) {}

  /**
   * @param now its fingerprint, where that was just taken
   * @throws {DataError} when the file is missing, unreadable, or changes while it is hashed
   */
  async digest(path: string, now: Fingerprint = takeFingerprint(path)): Promise<Blob> {
    const entry = this.#shard(path).get(path);
    if (entry && isSame(entry, now) && showsEditsSince(entry, entry.hashed)) {
      return { digest: entry.digest, size: entry.size };
    }
    const hashed = Date.now();
    const result = await digestFile(path);
    if (!isSame(now, takeFingerprint(path)) || result.size !== now.size) {
      throw new DataError(path, "changed while it was read; run again when nothing writes to it");
    }
    this.#remember(path, { ...now, digest: result.digest, hashed });
    return { digest: result.digest, size: result.size };
  }

  /**
   * Adds the digest of a file that was just renamed to its place, so that it need not be hashed. The
   * rename has set `changed`; an edit since then shows in the other facts.
   *
   * @param staged its fingerprint before, at the time `known`, until when no other program could find it
   */
  learn(path: string, digest: Digest, staged: Fingerprint, known: number): void {
    if (!showsEditsSince(staged, known)) return;
    const now = takeFingerprint(path);
    if (!isSame({ ...staged, changed: now.changed }, now)) return;
    const hashed = Math.max(known, now.changed + COARSE_TICK + 1);
    this.#remember(path, { ...now, digest, hashed });
  }

  /** A path whose file had the digest when last seen, and still looks the same. */
  locate(blob: Blob): string | undefined {
    return this.locateKnown(blob) ?? (this.#reload() ? this.locateKnown(blob) : undefined);
  }

  /** As {@link locate}, without looking for what other processes have added meanwhile. */
  locateKnown(blob: Blob): string | undefined {
    for (const path of this.#index().get(blob.digest) ?? []) {
      const entry = this.#shard(path).get(path);
      if (entry?.digest !== blob.digest || entry.size !== blob.size) continue;
      try {
        if (isSame(entry, takeFingerprint(path))) return path;
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
      }
    }
    return undefined;
  }

  /** Paths known to have held a digest, for messages. */
  pathsOf(digest: Digest): readonly string[] {
    return this.#index().get(digest) ?? [];
  }

  /** Writes what is new; other processes' entries of the same shards are kept. */
  async flush(): Promise<void> {
    if (!this.writable || this.#dirty.size === 0) return;
    this.files.makeFolder(this.folder);
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const number of dirty) {
      const merged = this.#read(number);
      for (const [path, entry] of this.#shards.get(number) ?? []) {
        const other = merged.get(path);
        if (!other || other.hashed <= entry.hashed) merged.set(path, entry);
      }
      this.#shards.set(number, merged);
      const lines = [...merged].map(([path, entry]) => JSON.stringify([path, ...fieldsOf(entry)]));
      const temporary = `${this.folder}/${number}.${crypto.randomUUID()}`;
      const file = this.files.create(temporary);
      // A torn memo is ignored, so that nothing here needs to be synced.
      await file.write(new TextEncoder().encode(lines.join("\n") + "\n"));
      file.close();
      this.files.rename(temporary, this.#path(number));
    }
  }

  #remember(path: string, entry: MemoEntry): void {
    const number = this.#shardNumber(path);
    this.#shard(path).set(path, entry);
    this.#dirty.add(number);
    if (this.#byDigest) addPath(this.#byDigest, entry.digest, path);
  }

  #shard(path: string): Map<string, MemoEntry> {
    return this.#shardOf(this.#shardNumber(path));
  }

  #shardNumber(path: string): number {
    let number = this.#shardNumbers.get(path);
    if (number === undefined) {
      number = parseInt(hexOf(digestOf(path)).slice(0, 2), 16);
      this.#shardNumbers.set(path, number);
    }
    return number;
  }

  #shardOf(number: number): Map<string, MemoEntry> {
    let shard = this.#shards.get(number);
    if (!shard) this.#shards.set(number, shard = this.#read(number));
    return shard;
  }

  #index(): Map<Digest, string[]> {
    if (this.#byDigest) return this.#byDigest;
    const index = new Map<Digest, string[]>();
    this.#seen = this.files.stat(this.folder)?.changed;
    // Most shards of a small data set are absent: a list of names costs less than to ask for each.
    const names = new Set(this.files.list(this.folder));
    for (let number = 0; number < SHARDS; number++) {
      if (!this.#shards.has(number) && !names.has(nameOf(number))) continue;
      for (const [path, entry] of this.#shardOf(number)) addPath(index, entry.digest, path);
    }
    return this.#byDigest = index;
  }

  /** Forgets what came from disk if another process has added to it since. */
  #reload(): boolean {
    if (this.files.stat(this.folder)?.changed === this.#seen) return false;
    for (const number of this.#shards.keys()) {
      if (!this.#dirty.has(number)) this.#shards.delete(number);
    }
    this.#byDigest = undefined;
    return true;
  }

  #path(number: number): string {
    return `${this.folder}/${nameOf(number)}`;
  }

  #read(number: number): Map<string, MemoEntry> {
    const shard = new Map<string, MemoEntry>();
    const bytes = this.files.readSync(this.#path(number));
    if (!bytes) return shard;
    for (const line of new TextDecoder().decode(bytes).split("\n")) {
      const parsed = parseLine(line);
      if (parsed) shard.set(parsed[0], parsed[1]);
    }
    return shard;
  }
}

/** Of a shard's file. */
function nameOf(shard: number): string {
  return `${shard.toString(16).padStart(2, "0")}.jsonl`;
}

function addPath(index: Map<Digest, string[]>, digest: Digest, path: string): void {
  const paths = index.get(digest);
  if (!paths) index.set(digest, [path]);
  else if (!paths.includes(path)) paths.push(path);
}

function fieldsOf(entry: MemoEntry): (string | number)[] {
  return [entry.digest, entry.size, entry.modified, entry.changed, entry.inode, entry.hashed];
}

function parseLine(line: string): [string, MemoEntry] | undefined {
  if (line === "") return undefined;
  try {
    const fields = parseJson(line, "a memo", { depth: 1 });
    if (!Array.isArray(fields)) return undefined;
    const [path, digest, size, modified, changed, inode, hashed] = fields;
    if (typeof path !== "string" || !isDigest(digest) || !isSize(size)) return undefined;
    if (typeof inode !== "string" || ![modified, changed, hashed].every(Number.isFinite)) {
      return undefined;
    }
    return [path, { digest, size, modified, changed, inode, hashed }];
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}
