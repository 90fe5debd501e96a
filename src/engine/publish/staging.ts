/** Writes the files of a publication next to their places, which a rename then fills at once. */
import { makeFolder } from "../../disk/folders.ts";
import { copyFile, createFile } from "../../disk/write.ts";
import { statIfPresent } from "../../disk/read.ts";
import { DataError } from "../../errors.ts";
import { findNestedPaths, nestedPathsProblem } from "../../workflow/nested_paths.ts";
import type { Blob, Digest, PublishTarget } from "../../workflow/step.ts";
import { digestFile, startHash } from "../store/digest.ts";
import { artifactPathProblem } from "../store/manifest.ts";
import type { Store } from "../store/store.ts";
import { ObjectError } from "../store/store_error.ts";

/** Bytes that are hashed while they are written. */
const PIECE = 4 << 20;

/** A file of the output. */
export interface StagedFile {
  digest: Digest;
  /** Absolute path; absent where a file with this content is in its place already. */
  staged?: string;
}

export class Staging implements PublishTarget {
  /** By path relative to the project. */
  readonly files = new Map<string, StagedFile>();
  #folder: Promise<string> | undefined;

  /**
   * @param folder of the project
   * @param path of `[publish]`, relative to it
   * @param isFile whether it names one file
   * @param folderFor records where the files will be staged, and returns that folder
   */
  constructor(
    readonly store: Store,
    readonly folder: string,
    readonly path: string,
    readonly isFile: boolean,
    readonly folderFor: () => Promise<string>,
  ) {}

  async write(
    path: string,
    content: Uint8Array | string | readonly Uint8Array[],
  ): Promise<void> {
    const file = this.#add(path);
    const whole = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const parts = whole instanceof Uint8Array ? [whole] : whole;
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    if (this.#sizeInPlace(file) === size) {
      const hash = startHash();
      for (const part of parts) hash.update(part);
      const digest = hash.digest();
      if (await this.#isInPlace(file, digest)) return void this.files.set(file, { digest });
    }
    const staged = await this.#stagedPath();
    this.files.set(file, { digest: await writeHashed(staged, parts), staged });
  }

  async copy(path: string, blob: Blob): Promise<void> {
    const file = this.#add(path);
    const { digest, size } = blob;
    if (this.#sizeInPlace(file) === size && await this.#isInPlace(file, digest)) {
      return void this.files.set(file, { digest });
    }
    const staged = await this.#stagedPath();
    await copyFile(this.#sourceOf(blob), staged);
    const copied = await digestFile(staged);
    if (copied.digest !== digest) {
      throw new ObjectError(digest, "corrupt", "is corrupt; run the workflow again");
    }
    this.files.set(file, { digest, staged });
  }

  /** Reserves the place of a file; returns its path relative to the project. */
  #add(path: string): string {
    const problem = artifactPathProblem(path) ??
      (/(^|\/)\./.test(path) ? "is hidden; Gyrus publishes no such files" : undefined);
    if (problem) throw this.#problem(`file path ${JSON.stringify(path)} ${problem}`);
    if (this.isFile && this.files.size > 0) {
      throw this.#problem("is one file by the output's type, but the output has several");
    }
    const file = this.isFile ? this.path : `${this.path}/${path}`;
    if (this.files.has(file)) throw this.#problem(`two files have the path "${path}"`);
    this.files.set(file, { digest: "" });
    return file;
  }

  /** @throws {DataError} on an output whose files can't be at the path */
  check(): void {
    if (this.isFile && this.files.size === 0) throw this.#problem("the output has no file");
    const nested = findNestedPaths(this.files.keys());
    if (nested) throw this.#problem(nestedPathsProblem(nested));
  }

  #problem(problem: string): DataError {
    return new DataError(`${this.folder}/${this.path}`, problem);
  }

  #sizeInPlace(file: string): number | undefined {
    const path = `${this.folder}/${file}`;
    const stat = statIfPresent(path);
    return stat?.isFile ? stat.size : undefined;
  }

  async #isInPlace(file: string, digest: Digest): Promise<boolean> {
    return (await this.store.copies.digest(`${this.folder}/${file}`)).digest === digest;
  }

  async #stagedPath(): Promise<string> {
    this.#folder ??= this.folderFor().then((folder) => {
      makeFolder(folder);
      return folder;
    });
    return `${await this.#folder}/${crypto.randomUUID()}`;
  }

  #sourceOf(blob: Blob): string {
    const roots = [this.store.root, ...this.store.lower];
    const path = roots.map((root) => this.store.objectPath(blob.digest, root))
      .find((candidate) => this.store.files.size(candidate) === blob.size) ??
      this.store.externals.locate(blob);
    if (path !== undefined) return path;
    throw new ObjectError(blob.digest, "missing", "is missing from the cache; run again");
  }
}

/** Writes and syncs a file, hashing each piece while it is written. */
async function writeHashed(path: string, parts: readonly Uint8Array[]): Promise<Digest> {
  const hash = startHash();
  const file = createFile(path);
  try {
    for (const part of parts) {
      for (let at = 0; at < part.length; at += PIECE) {
        const piece = part.subarray(at, at + PIECE);
        const writing = file.write(piece);
        hash.update(piece);
        await writing;
      }
    }
    await file.sync();
  } finally {
    file.close();
  }
  return hash.digest();
}
