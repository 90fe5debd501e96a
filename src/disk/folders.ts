/** Folders: listing them, making and removing them. */
import { DataError } from "../errors.ts";
import { errorCode, guard, guardAsync, ifPresent, isAbsent, readProblem } from "./errors.ts";

export interface FolderEntry {
  name: string;
  /** Whether it is a folder, or a link to one. */
  isDirectory: boolean;
}

/** Sorted by name. @throws {DataError} when the folder can't be listed */
export function listFolder(path: string, followLinks = true): FolderEntry[] {
  try {
    return [...Deno.readDirSync(path)]
      .map(({ name, isDirectory, isSymlink }) => ({
        name,
        isDirectory: isDirectory || followLinks && isSymlink && leadsToDirectory(`${path}/${name}`),
      }))
      .sort((a, b) => a.name < b.name ? -1 : 1);
  } catch (cause) {
    const problem = isAbsent(cause) ? "no such folder" : `can't be listed: ${readProblem(cause)}`;
    throw new DataError(path, problem, { cause });
  }
}

/** Data sets are often forests of links (DataLad). A link that leads nowhere counts as a file. */
function leadsToDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/** Folders within folders that are looked into where links are followed: they may lead in circles. */
const MAX_DEPTH = 12;

/**
 * Paths below `root` of all files at or below `root/folder`; folder by folder, each by name.
 *
 * @param except names of folders that are left out
 * @param followLinks whether links to folders are folders; they are files otherwise
 * @throws {DataError} when a folder can't be listed
 */
export function filesBelow(
  root: string,
  folder = "",
  { except = [], followLinks = true }: { except?: readonly string[]; followLinks?: boolean } = {},
): string[] {
  const paths: string[] = [];
  const visit = (below: string, depth: number): void => {
    if (followLinks && depth === MAX_DEPTH) return;
    for (const { name, isDirectory } of listFolder(`${root}/${below}`, followLinks)) {
      const path = below === "" ? name : `${below}/${name}`;
      if (!isDirectory) paths.push(path);
      else if (!except.includes(name)) visit(path, depth + 1);
    }
  };
  visit(folder, 0);
  return paths;
}

/** With its parents; no problem if it exists. @throws {DataError} when the disk refuses */
export function makeFolder(path: string): void {
  guard(path, () => Deno.mkdirSync(path, { recursive: true }));
}

/**
 * Removes a file, or a folder with all that is in it; a symbolic link is removed, never followed. No
 * problem if it is absent.
 *
 * @throws {DataError} when the disk refuses
 */
export function removeTree(path: string): void {
  ifPresent(path, () => Deno.removeSync(path, { recursive: true }));
}

/** Disks that can't sync a folder: many of FUSE, SMB, and those of Windows, which opens no folder. */
const WITHOUT_FOLDER_SYNC = ["EINVAL", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"];

/**
 * Returns when the names in a folder would survive a power failure, on disks that can sync a folder.
 *
 * @throws {DataError} when the disk refuses
 */
export async function syncFolder(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  await guardAsync(path, async () => {
    using folder = Deno.openSync(path, { read: true });
    try {
      await folder.sync();
    } catch (cause) {
      if (!WITHOUT_FOLDER_SYNC.includes(errorCode(cause) ?? "")) throw cause;
    }
  });
}
