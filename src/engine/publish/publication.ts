/**
 * Publishes one output: adds and updates its files, removes those that an earlier publication to the
 * same path wrote and this one lacks, and leaves every other file alone.
 *
 * New files are staged next to their places. Then all places are looked at: if one can't be filled,
 * none is changed. The ledger learns the new content, the places are filled, and the ledger forgets
 * the old content; after a kill at any instant the next run completes that.
 */
import { removeTree } from "../../disk/folders.ts";
import { statIfPresent } from "../../disk/read.ts";
import { DataError } from "../../errors.ts";
import { basename } from "../../workflow/paths.ts";
import type { Digest, PublishTarget } from "../../workflow/step.ts";
import { PlaceCheck, type Publishing } from "./check_places.ts";
import { fillPlaces } from "./fill_places.ts";
import { Folders, type Obstacle, removeEmptyFolders } from "./folders.ts";
import type { Ledger } from "./ledger.ts";
import { knownContent, type LedgerEntry, type PublishedResult } from "./ledger_entry.ts";
import { occupantOf } from "./place.ts";
import { Staging } from "./staging.ts";

export interface PublicationRequest {
  /** Of `[publish]`, relative to the project folder. */
  path: string;
  isFile: boolean;
  /** Step and output, such as `evaluate.table`. */
  output: string;
  result: PublishedResult;
  write: (target: PublishTarget) => Promise<void>;
}

/** @throws {DataError} when a place can't be filled, or the disk refuses */
export async function publishOutput(
  publishing: Publishing,
  ledger: Ledger,
  request: PublicationRequest,
): Promise<"written" | "same"> {
  const publication = new Publication(publishing, ledger, request);
  return await publication.isCurrent() ? "same" : await publication.publish();
}

class Publication {
  readonly #project: string;
  /** What is known of the path so far. */
  #entry: LedgerEntry;
  readonly #staging: Staging;
  readonly #folders: Folders;

  constructor(
    readonly publishing: Publishing,
    readonly ledger: Ledger,
    readonly request: PublicationRequest,
  ) {
    const { store, workflow: { folder, file } } = publishing;
    const { path, isFile } = request;
    this.#project = folder;
    this.#entry = readEntry(ledger, basename(file), request);
    this.#folders = new Folders(folder, path);
    this.#staging = new Staging(store, folder, path, isFile, () => this.#startStaging());
  }

  #absolute(path: string): string {
    return `${this.#project}/${path}`;
  }

  #removeStaging(): void {
    const { staging } = this.#entry;
    if (staging !== undefined) removeTree(this.#absolute(staging));
  }

  /** Whether the places have what is to be published, by size and times where those suffice. */
  async isCurrent(): Promise<boolean> {
    this.#removeStaging();
    const { result, files, found } = this.#entry;
    const { artifact, version } = this.request.result;
    if (result?.artifact !== artifact || result.version !== version) return false;
    const expected = new Map(found);
    for (const [file, [digest]] of files) expected.set(file, digest);
    for (const [file, digest] of expected) {
      const occupant = await occupantOf(this.publishing.store, this.#absolute(file));
      if (!("digest" in occupant) || occupant.digest !== digest) return false;
    }
    return true;
  }

  async publish(): Promise<"written" | "same"> {
    this.#checkOutsideStore([this.request.path]);
    try {
      await this.request.write(this.#staging);
      this.#staging.check();
      this.#checkOutsideStore(this.#staging.files.keys());
      const { files } = this.#staging;
      const check = new PlaceCheck(this.publishing, this.#entry, files, this.#folders);
      await check.findStale();
      this.#refuse(await check.obstacles());
      const moves = [...files].flatMap(([file, { digest, staged }]) =>
        staged === undefined ? [] : [{ file, digest, staged }]
      );
      const isSame = moves.length === 0 && check.stale.size === 0;
      if (!isSame) {
        await this.#announce(moves);
        const { folders } = this.#entry;
        await fillPlaces(this.publishing.store, this.#project, moves, check.stale, folders);
      }
      await this.#conclude();
      return isSame ? "same" : "written";
    } finally {
      this.#removeStaging();
    }
  }

  #checkOutsideStore(files: Iterable<string>): void {
    const { store } = this.publishing;
    const roots = [store.root, ...store.lower];
    for (const file of files) {
      const path = this.#absolute(file);
      if (!roots.some((root) => `${path}/`.startsWith(`${root}/`))) continue;
      throw new DataError(path, "is inside the cache; publish to another path");
    }
  }

  /** @throws {DataError} naming the first obstacle, and how many there are */
  #refuse([first, ...rest]: readonly Obstacle[]): void {
    if (first === undefined) return;
    const more = rest.length > 0 ? `; ${rest.length} more of its files can't be written` : "";
    throw new DataError(this.#absolute(first.path), first.problem + more);
  }

  async #record(entry: LedgerEntry): Promise<void> {
    await this.ledger.write(entry);
    this.#entry = entry;
  }

  /** Returns the path of a folder that nobody else has, on the disk of the files' places. */
  async #startStaging(): Promise<string> {
    const { path } = this.request;
    const obstacle = this.#folders.obstacle(path, () => true);
    if (obstacle) this.#refuse([obstacle]);
    const [outer = path] = this.#folders.missing(path);
    const parent = outer.slice(0, outer.lastIndexOf("/") + 1);
    const staging = `${parent}.gyrus-${crypto.randomUUID()}`;
    await this.#record({ ...this.#entry, staging });
    return this.#absolute(staging);
  }

  /** Records what is about to be written, next to what may be there. */
  async #announce(moves: readonly { file: string; digest: Digest }[]): Promise<void> {
    const files = new Map(this.#entry.files);
    for (const { file, digest } of moves) {
      files.set(file, [...new Set([...knownContent(this.#entry, file) ?? [], digest])]);
    }
    const missing = moves.flatMap(({ file }) => this.#folders.missing(file));
    const folders = [...new Set([...this.#entry.folders, ...missing])].sort();
    const { result: _, ...entry } = this.#entry;
    await this.#record({ ...entry, files, folders });
  }

  /** Records what is in place now. */
  async #conclude(): Promise<void> {
    const files = new Map<string, readonly Digest[]>();
    const found = new Map<string, Digest>();
    const left = new Map(this.#entry.left);
    for (const [file, { digest }] of this.#staging.files) {
      if (knownContent(this.#entry, file)?.includes(digest)) files.set(file, [digest]);
      else found.set(file, digest);
      left.delete(file);
    }
    this.#removeStaging();
    const { staging: _, ...entry } = this.#entry;
    await this.#record({
      ...entry,
      project: this.#project,
      result: this.request.result,
      files,
      left,
      found,
      folders: removeEmptyFolders(this.#project, entry.folders),
    });
    const orphan = orphanEntry(this.ledger, entry.workflow, entry.path);
    if (orphan) this.ledger.remove(orphan);
  }
}

/** What is known of a path. Files of another output stay when its own replace them. */
function readEntry(
  ledger: Ledger,
  workflow: string,
  { path, output }: PublicationRequest,
): LedgerEntry {
  const entry: LedgerEntry = ledger.read(workflow, path) ?? {
    ...emptyEntry,
    project: ledger.folder,
    path,
    output,
    ...orphanEntry(ledger, workflow, path),
    workflow,
  };
  if (entry.output === output) return entry;
  const { result: _, files, left, ...rest } = entry;
  return { ...rest, output, files: new Map(), left: new Map([...left, ...files]) };
}

const emptyEntry = { files: new Map(), left: new Map(), found: new Map(), folders: [] };

/** The entry of another workflow file that is no longer there, as after a renaming. */
function orphanEntry(ledger: Ledger, workflow: string, path: string): LedgerEntry | undefined {
  return ledger.entries().find((other) =>
    other.path === path && other.workflow !== workflow &&
    statIfPresent(`${ledger.folder}/${other.workflow}`) === undefined
  );
}
