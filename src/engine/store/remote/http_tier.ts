/**
 * A cache that a server has: files of the same names as in a store's folder, so that any WebDAV server,
 * or any web server over such a folder, is one.
 *
 *     records/cd/sha256-cd….json   GET, HEAD, PUT
 *     objects/ab/sha256-ab…        likewise
 */
import { DataError } from "../../../errors.ts";
import type { Blob, Digest } from "../../../workflow/step.ts";
import { startHash } from "../digest.ts";
import { instanceKey } from "../key.ts";
import { decodeManifest, type Manifest } from "../manifest.ts";
import { decodeRecord, type InstanceRecord, type ManifestRef } from "../record.ts";
import type { SharedTier } from "../shared_tier.ts";
import type { Store } from "../store.ts";
import type { ServerAddress } from "./address.ts";
import type { Credentials } from "./credentials.ts";
import { REQUEST_LIMITS, type RequestLimits, Server, ServerError } from "./server.ts";
import { isSigned } from "./signature.ts";

/** Longest record that is read; one of a fan-in of ten thousand inputs has 2 MiB. */
const MAX_RECORD = 2 ** 24;
/** Longest manifest that is copied with its record; one names ten thousand files in 1.5 MiB. */
const MAX_MANIFEST = 2 ** 26;
/** Files of an output that are copied at the same time. */
const AT_ONCE = 8;
/** After so many failed requests the server is given up, however many of the others succeed. */
const MAX_FAILURES = 3;

export class HttpTier implements SharedTier {
  readonly address: string;
  readonly server: Server;
  readonly taken = { results: 0, bytes: 0 };
  onLost: (problem: string) => void = () => {};
  readonly #secret: string | undefined;
  /** Why it was given up. */
  #lost: string | undefined;
  #failures = 0;
  /** Requests for a record, by its key: several instances of a plan may have the same one. */
  readonly #records = new Map<Digest, Promise<InstanceRecord | undefined>>();
  /** Copies under way, by digest. */
  readonly #copies = new Map<Digest, Promise<boolean>>();

  /** @param store that copies go to; it must be writable */
  constructor(
    readonly store: Store,
    address: ServerAddress,
    readonly credentials: Credentials,
    limits: RequestLimits = REQUEST_LIMITS,
  ) {
    this.address = address.url;
    this.server = new Server(address, credentials.token, limits);
    this.#secret = credentials.secret;
  }

  get signal(): AbortSignal {
    return this.server.signal;
  }

  set signal(signal: AbortSignal) {
    this.server.signal = signal;
  }

  fetchRecord(key: Digest): Promise<InstanceRecord | undefined> {
    let record = this.#records.get(key);
    if (!record) this.#records.set(key, record = this.#fetchRecord(key));
    return record;
  }

  async #fetchRecord(key: Digest): Promise<InstanceRecord | undefined> {
    const record = await this.#ask(() => this.readRecord(key));
    if (record === undefined) return undefined;
    for (const output of Object.values(record.outputs)) {
      for (const ref of [output, ...output.items ?? []]) await this.#fetchManifest(ref);
    }
    const copy: InstanceRecord = { ...record, from: this.address };
    if (copy.log !== undefined) delete copy.log;
    await this.store.publishRecord(copy);
    this.taken.results++;
    return copy;
  }

  /**
   * The record that the server has under a key, which nothing is copied of.
   *
   * @throws {ServerError} also on what is no record of that key, or has not the lab's signature
   */
  async readRecord(key: Digest): Promise<InstanceRecord | undefined> {
    const bytes = await this.server.get(serverPath("records", key), MAX_RECORD, collect);
    if (bytes === undefined) return undefined;
    const record = decodeRecord(bytes, "instance");
    // Whoever can write to the server can compute the checksum within.
    if (record?.key !== key || instanceKey(record.parts) !== key) {
      throw new ServerError(
        this.address,
        "has something else under the key of a record",
        "wrong",
      );
    }
    if (this.#secret !== undefined && !isSigned(record, this.#secret)) {
      throw new ServerError(
        this.address,
        "has a record without the signature of your secret",
        "wrong",
      );
    }
    return record;
  }

  /** A file that is no object and no record of a key; undefined where the server has none. */
  async readFile(path: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return await this.server.get(path, maxBytes, collect);
  }

  async fetchObject(blob: Blob): Promise<boolean> {
    // A folder that is only read may have it too, corrupt.
    const { files } = this.store;
    if (files.size(this.store.objectPath(blob.digest)) === blob.size) return true;
    let copy = this.#copies.get(blob.digest);
    if (!copy) {
      copy = this.#copy(blob).finally(() => this.#copies.delete(blob.digest));
      this.#copies.set(blob.digest, copy);
    }
    return await copy;
  }

  async #copy(blob: Blob): Promise<boolean> {
    const path = serverPath("objects", blob.digest);
    const found = await this.#ask(() =>
      this.server.get(path, blob.size, async (pieces) => {
        const wrong = (problem: string) => new ServerError(this.address, problem, "wrong");
        await this.store.receiveObject(blob, verified(pieces, blob, wrong));
        return true;
      })
    );
    if (found) this.taken.bytes += blob.size;
    return found ?? false;
  }

  async fetchOutput(ref: ManifestRef): Promise<boolean> {
    return await this.#visit(ref, (blob) => this.fetchObject(blob));
  }

  async hasOutput(ref: ManifestRef): Promise<boolean> {
    return await this.#visit(ref, async ({ digest, size }) => {
      const stated = await this.#ask(() => this.server.size(serverPath("objects", digest)));
      return isOfSize(stated, size);
    });
  }

  /** Whether the store has all files of an output, or `bring` returns true for them. */
  async #visit(ref: ManifestRef, bring: (blob: Blob) => Promise<boolean>): Promise<boolean> {
    const manifest = await this.#fetchManifest(ref);
    if (manifest === undefined) return false;
    const missing = manifest.files.filter((file) => !this.store.hasBlob(file));
    let isComplete = true;
    const next = async () => {
      for (let file = missing.pop(); file && isComplete; file = missing.pop()) {
        if (!await bring(file)) isComplete = false;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
    for (const item of manifest.items ?? []) {
      isComplete &&= (await this.#fetchManifest(item))?.items === undefined &&
        await this.#visit(item, bring);
    }
    return isComplete;
  }

  async #fetchManifest(ref: ManifestRef): Promise<Manifest | undefined> {
    if (ref.size > MAX_MANIFEST) return undefined;
    if (!this.store.hasObject(ref) && !await this.fetchObject(ref)) return undefined;
    try {
      return decodeManifest(this.store.getObjectSync(ref));
    } catch (error) {
      if (error instanceof DataError) return undefined;
      throw error;
    }
  }

  /** Undefined where the server has nothing, or could not be had to give it. */
  async #ask<T>(request: () => Promise<T | undefined>): Promise<T | undefined> {
    if (this.#lost !== undefined) return undefined;
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      this.#failures++;
      const isHopeless = error.outlook === "gone" || error.outlook === "lasting" ||
        this.#failures >= MAX_FAILURES;
      if (isHopeless) this.#giveUp(error.problem);
      return undefined;
    }
  }

  #giveUp(problem: string): void {
    if (this.#lost !== undefined) return;
    this.#lost = problem;
    this.onLost(problem);
  }
}

/** Whether a stated size is none of something else. */
export function isOfSize(stated: number | "unknown" | undefined, size: number): boolean {
  return stated === size || stated === "unknown";
}

/** Where a server keeps an object or a record. */
export function serverPath(folder: "objects" | "records", digest: Digest): string {
  const prefix = digest.slice("sha256-".length, "sha256-".length + 2);
  return `${folder}/${prefix}/${digest}${folder === "records" ? ".json" : ""}`;
}

/** Hands pieces on, and throws `error` after the last when they are not the blob. */
export async function* verified(
  pieces: AsyncIterable<Uint8Array>,
  { digest, size }: Blob,
  error: (problem: string) => Error,
): AsyncGenerator<Uint8Array> {
  const hash = startHash();
  let received = 0;
  for await (const piece of pieces) {
    hash.update(piece);
    received += piece.length;
    yield piece;
  }
  if (received === size && hash.digest() === digest) return;
  throw error(received < size ? "sent less than an object has" : "sent wrong bytes of an object");
}

async function collect(
  pieces: AsyncIterable<Uint8Array<ArrayBuffer>>,
): Promise<Uint8Array<ArrayBuffer>> {
  const all: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of pieces) all.push(piece);
  return new Uint8Array(await new globalThis.Blob(all).arrayBuffer());
}
