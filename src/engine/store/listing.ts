/** Lists what a store holds. Symbolic links, which a store never makes, are gathered, not followed. */
import type { FileOperations, FileStat } from "../../disk/operations.ts";

export interface StoredFile extends FileStat {
  name: string;
  path: string;
}

export class Listing {
  readonly #links = new Map<string, StoredFile>();

  constructor(readonly files: FileOperations) {}

  /** All that were met. */
  get links(): StoredFile[] {
    return [...this.#links.values()];
  }

  filesIn(folder: string): StoredFile[] {
    return this.entriesIn(folder).filter(({ kind }) => kind === "file");
  }

  foldersIn(folder: string): StoredFile[] {
    return this.entriesIn(folder).filter(({ kind }) => kind === "folder");
  }

  /** Files one folder down. */
  nestedFilesIn(folder: string): StoredFile[] {
    return this.foldersIn(folder).flatMap(({ path }) => this.filesIn(path));
  }

  /** Files, folders and whatever else there is. */
  entriesIn(folder: string): StoredFile[] {
    if (this.files.stat(folder)?.kind !== "folder") return [];
    const entries = this.files.list(folder).flatMap((name) => {
      const path = `${folder}/${name}`;
      const stat = this.files.stat(path);
      return stat ? [{ name, path, ...stat }] : [];
    });
    for (const entry of entries) if (entry.kind === "link") this.#links.set(entry.path, entry);
    return entries;
  }
}
