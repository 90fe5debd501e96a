/** The folders of a project on the way to its published files. Paths are relative to the project. */
import { errorCode } from "../../disk/errors.ts";
import { linkStatIfPresent, realPath } from "../../disk/read.ts";
import { remove } from "../../disk/write.ts";
import { foldersOf } from "../../workflow/nested_paths.ts";

/** Why a file can't be published. */
export interface Obstacle {
  path: string;
  problem: string;
}

interface FolderState {
  what: "nothing" | "folder" | "file";
  /** Of a link that leads out of where it may lead. */
  leadsTo?: string;
}

/** Looks at each folder once. */
export class Folders {
  readonly #states = new Map<string, FolderState>();

  /**
   * @param project absolute path
   * @param path of `[publish]`: links below it must not lead out of it, and links on the way to it
   *   not out of the project
   */
  constructor(readonly project: string, readonly path: string) {}

  /**
   * Why nothing can be at a path because of the folders on the way to it; undefined if it can.
   *
   * @param removable whether a file where a folder must be may be removed
   */
  obstacle(file: string, removable: (path: string) => boolean): Obstacle | undefined {
    for (const path of foldersOf(file)) {
      const { what, leadsTo } = this.#stateOf(path);
      if (leadsTo !== undefined) {
        const limit = this.#isBelow(path) ? `the folder ${this.path}` : "the project folder";
        return { path, problem: `leads out of ${limit}, to ${leadsTo}` };
      }
      if (what === "file" && !removable(path)) {
        return { path, problem: "is a file, but files are to be published below it; move it away" };
      }
      if (what !== "folder") return undefined;
    }
    return undefined;
  }

  /** Folders on the way to a path that don't exist, the outer first. */
  missing(file: string): string[] {
    return [...foldersOf(file)].filter((path) => this.#stateOf(path).what !== "folder");
  }

  #isBelow(path: string): boolean {
    return path.startsWith(`${this.path}/`);
  }

  #stateOf(path: string): FolderState {
    let state = this.#states.get(path);
    if (!state) this.#states.set(path, state = this.#examine(path));
    return state;
  }

  #examine(path: string): FolderState {
    const absolute = `${this.project}/${path}`;
    const stat = linkStatIfPresent(absolute);
    if (!stat) return { what: "nothing" };
    if (!stat.isSymlink) return { what: stat.isDirectory ? "folder" : "file" };
    const real = realPath(absolute);
    const limit = realPath(this.#isBelow(path) ? `${this.project}/${this.path}` : this.project);
    const isInside = real === limit || real.startsWith(`${limit}/`);
    return { what: "folder", ...(!isInside && { leadsTo: real }) };
  }
}

/** The folder of a path; empty for the project folder itself. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/**
 * Removes those of the folders that are empty, the inner first.
 *
 * @param folders the outer first
 * @returns those that are still there
 */
export function removeEmptyFolders(project: string, folders: readonly string[]): string[] {
  const kept: string[] = [];
  for (const folder of folders.toSorted().reverse()) {
    const path = `${project}/${folder}`;
    if (!linkStatIfPresent(path)?.isDirectory) continue;
    try {
      remove(path);
    } catch (error) {
      if (errorCode(error) !== "ENOTEMPTY") throw error;
      kept.push(folder);
    }
  }
  return kept.reverse();
}
