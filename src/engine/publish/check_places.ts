/** Looks at every place of a publication before any is changed. */
import { listFolder } from "../../disk/folders.ts";
import type { Workflow } from "../../workflow/graph.ts";
import type { Store } from "../store/store.ts";
import type { Folders, Obstacle } from "./folders.ts";
import { knownContent, type LedgerEntry } from "./ledger_entry.ts";
import { findOwner } from "./owners.ts";
import { occupantOf } from "./place.ts";
import type { ReadFiles } from "./reads.ts";
import type { StagedFile } from "./staging.ts";

/** Who publishes. */
export interface Publishing {
  store: Store;
  workflow: Workflow;
  reads: ReadFiles;
  /** Replaces files of other origin, except those that a step reads. */
  force: boolean;
}

export class PlaceCheck {
  /** Files of the entry that the output lacks, unchanged since Gyrus wrote them. */
  readonly stale = new Set<string>();
  readonly #project: string;

  /** @param files of the output, by path relative to the project */
  constructor(
    readonly publishing: Publishing,
    readonly entry: LedgerEntry,
    readonly files: ReadonlyMap<string, StagedFile>,
    readonly folders: Folders,
  ) {
    this.#project = publishing.workflow.folder;
  }

  #absolute(path: string): string {
    return `${this.#project}/${path}`;
  }

  async findStale(): Promise<void> {
    const { store, reads } = this.publishing;
    for (const [file, known] of this.entry.files) {
      if (this.files.has(file) || this.folders.obstacle(file, () => false)) continue;
      const path = this.#absolute(file);
      const occupant = await occupantOf(store, path);
      const isOurs = occupant.what === "file" && known.includes(occupant.digest);
      if (isOurs && reads.readerOf(path, true) === undefined) this.stale.add(file);
    }
  }

  /** Places that can't be filled; {@link findStale} comes first. */
  async obstacles(): Promise<Obstacle[]> {
    const found: Obstacle[] = [];
    for (const [file, { staged }] of this.files) {
      if (staged === undefined) continue;
      const onTheWay = this.folders.obstacle(file, (path) => this.stale.has(path));
      const problem = onTheWay ? undefined : await this.#placeProblem(file);
      if (onTheWay) found.push(onTheWay);
      else if (problem !== undefined) found.push({ path: file, problem });
    }
    return found;
  }

  async #placeProblem(file: string): Promise<string | undefined> {
    const { store, reads, force } = this.publishing;
    const path = this.#absolute(file);
    const occupant = await occupantOf(store, path);
    if (occupant.what === "nothing") return undefined;
    if (occupant.what === "other") return "is no regular file; move it away";
    if (occupant.what === "folder") {
      return this.#becomesEmpty(file)
        ? undefined
        : "is a folder, but a file is to be published there; move it away";
    }
    const known = knownContent(this.entry, file);
    const isOurs = occupant.what === "file" && known?.includes(occupant.digest) === true;
    const reader = reads.readerOf(path, isOurs);
    if (reader !== undefined) {
      return `is read by step ${reader} and so is not replaced; publish to another path`;
    }
    if (force || isOurs) return undefined;
    const owner = occupant.what === "file"
      ? findOwner(store, path, occupant.digest, this.entry)
      : undefined;
    if (owner) return this.#othersProblem(owner);
    return known
      ? "was edited since Gyrus wrote it; move it away, or add --force-publish"
      : "exists and was not written by Gyrus; move it away, or add --force-publish";
  }

  /** Whether a folder has nothing but stale files and folders that Gyrus made. */
  #becomesEmpty(folder: string): boolean {
    const path = this.#absolute(folder);
    return this.entry.folders.includes(folder) &&
      listFolder(path, false).every(({ name, isDirectory }) => {
        const inside = `${folder}/${name}`;
        return isDirectory ? this.#becomesEmpty(inside) : this.stale.has(inside);
      });
  }

  #othersProblem({ project, workflow, path }: LedgerEntry): string {
    const file = project === this.#project ? workflow : `${project}/${workflow}`;
    return `was published by ${file} as "${path}"; publish to another path, or first run ` +
      `gyrus unpublish ${file}`;
  }
}
