/**
 * What Gyrus has published, and so may replace or remove: one entry a path of `[publish]`, at
 * `published/<project>/<path>.json` in the store, both as digests.
 *
 * An entry names new content before it is in its place and forgets old content after it has gone, so
 * that a kill at any instant leaves files that the entry knows. A file whose content is not in an
 * entry is somebody else's.
 */
import { DataError } from "../../errors.ts";
import { OWN_LIMITS, parseJsonBytes } from "../../json.ts";
import type { Workflow } from "../../workflow/graph.ts";
import { basename, resolve } from "../../workflow/paths.ts";
import type { Digest } from "../../workflow/step.ts";
import { digestOf, hexOf, isDigest } from "../store/digest.ts";
import { takeLease } from "../store/lease.ts";
import { artifactPathProblem } from "../store/manifest.ts";
import type { Store } from "../store/store.ts";

/** What all published files are of. */
export interface PublishedResult {
  artifact: Digest;
  /** Of the step kind. */
  version: number;
}

/** Paths are relative to the project folder. */
export interface LedgerEntry {
  /** Absolute path of the project folder when the entry was written. */
  project: string;
  /** As `[publish]` names it. */
  path: string;
  /** File name of the workflow, which is in the project folder. */
  workflow: string;
  /** Absent while files are being written. */
  result?: PublishedResult;
  /** Content of the files that Gyrus wrote; old and new content while they are being written. */
  files: ReadonlyMap<string, readonly Digest[]>;
  /** Files of the output that were there already with the right content, and are somebody else's. */
  found: ReadonlyMap<string, Digest>;
  /** Folders that Gyrus made, the outer first. */
  folders: readonly string[];
  /** Folder of files that are not in their places yet. */
  staging?: string;
}

const LOCK_WAIT_MS = 60_000;
const LOCK_RETRY_MS = 100;

/** The entries of one project in one store. */
export class Ledger {
  readonly #name: string;

  /** @param folder of the project */
  constructor(readonly store: Store, readonly folder: string) {
    this.#name = projectName(store.root, folder);
  }

  get #path(): string {
    return `${ledgersPath(this.store.root)}/${this.#name}`;
  }

  #pathOf(path: string): string {
    return `${this.#path}/${nameOf(path)}.json`;
  }

  /** Undefined when nothing is known of the path. */
  read(path: string): LedgerEntry | undefined {
    const bytes = this.store.files.readSync(this.#pathOf(path));
    const entry = bytes && decodeEntry(bytes);
    return entry?.path === path ? entry : undefined;
  }

  /** Sorted by path. */
  entries(): LedgerEntry[] {
    return readEntries(this.store, this.#path)
      .sort((a, b) => a.path < b.path ? -1 : 1);
  }

  /** Returns when the entry would survive a power failure; a read-only store keeps none. */
  async write(entry: LedgerEntry): Promise<void> {
    if (!this.store.writable) return;
    this.store.files.makeFolder(this.#path);
    await this.store.replaceFile(this.#pathOf(entry.path), encodeEntry(entry), true);
    await this.store.files.syncFolder(this.#path);
  }

  remove(path: string): void {
    this.store.files.remove(this.#pathOf(path));
  }

  /** @throws {DataError} when another run holds the lock for a minute */
  async lock(): Promise<Disposable | undefined> {
    if (!this.store.writable) return undefined;
    const until = Date.now() + LOCK_WAIT_MS;
    for (;;) {
      const lease = takeLease(`${this.store.root}/leases`, digestOf(`publish ${this.#name}`));
      if (lease) return lease;
      if (Date.now() > until) {
        throw new DataError(
          this.store.root,
          "another run has been publishing for a minute; try again",
        );
      }
      await new Promise((resolve) => setTimeout(resolve, LOCK_RETRY_MS));
    }
  }
}

/** Content that the publications of a workflow have, by absolute path: no input of its steps. */
export function publishedFiles(
  store: Store,
  { file, folder }: Pick<Workflow, "file" | "folder">,
): Map<string, readonly Digest[]> {
  const own = new Ledger(store, folder).entries().filter(({ workflow }) =>
    workflow === basename(file)
  );
  return new Map(
    own.flatMap(({ files }) => [...files].map(([path, known]) => [`${folder}/${path}`, known])),
  );
}

/** The entries of every project in a store. */
export function allEntries(store: Pick<Store, "root" | "files">): LedgerEntry[] {
  const root = ledgersPath(store.root);
  return store.files.list(root).flatMap((name) => readEntries(store, `${root}/${name}`));
}

function ledgersPath(root: string): string {
  return `${root}/published`;
}

/** A store inside the project may move with it; a store elsewhere identifies it by its path. */
function projectName(root: string, folder: string): string {
  return nameOf(root.startsWith(`${folder}/`) ? root.slice(folder.length) : resolve(folder));
}

function nameOf(text: string): string {
  return hexOf(digestOf(text)).slice(0, 32);
}

function readEntries({ files }: Pick<Store, "files">, folder: string): LedgerEntry[] {
  return files.list(folder).filter((name) => name.endsWith(".json")).flatMap((name) => {
    const bytes = files.readSync(`${folder}/${name}`);
    return bytes ? decodeEntry(bytes) ?? [] : [];
  });
}

function encodeEntry(entry: LedgerEntry): string {
  const { files, found, ...rest } = entry;
  return JSON.stringify({ ...rest, files: [...files], found: [...found] });
}

/** Undefined for bytes that are no entry: what they knew then counts as somebody else's. */
function decodeEntry(bytes: Uint8Array): LedgerEntry | undefined {
  let value: unknown;
  try {
    value = parseJsonBytes(bytes, "a ledger", OWN_LIMITS);
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
  const { project, path, workflow, result, files, found, folders, staging } = Object(value);
  const isValid = typeof project === "string" && isPath(path) && isPath(workflow) &&
    isListOf(folders, isPath) &&
    (staging === undefined || isPath(staging)) && (result === undefined || isResult(result)) &&
    isListOf(files, (item) => isPairOf(item, (known) => isListOf(known, isContent))) &&
    isListOf(found, (item) => isPairOf(item, isContent));
  if (!isValid) return undefined;
  return {
    project,
    path,
    workflow,
    ...(result && { result: { artifact: result.artifact, version: result.version } }),
    files: new Map(files),
    found: new Map(found),
    folders,
    ...(staging && { staging }),
  };
}

function isPath(value: unknown): boolean {
  return typeof value === "string" && artifactPathProblem(value) === undefined;
}

function isContent(value: unknown): boolean {
  return typeof value === "string" && isDigest(value);
}

function isResult(value: unknown): boolean {
  const { artifact, version } = Object(value);
  return isContent(artifact) && Number.isInteger(version);
}

function isListOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isItem);
}

function isPairOf(value: unknown, isSecond: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length === 2 && isPath(value[0]) && isSecond(value[1]);
}
