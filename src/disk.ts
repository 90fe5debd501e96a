/** Folders and files of the user: listing them, and why one can't be read. */
import { DataError } from "./errors.ts";

/** Why a file can't be read, in a few words. */
export function readProblem(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const code = "code" in cause ? cause.code : undefined;
  if (cause instanceof Deno.errors.NotFound || code === "ENOENT") return "no such file";
  if (cause instanceof Deno.errors.IsADirectory || code === "EISDIR") return "it is a folder";
  if (cause instanceof Deno.errors.PermissionDenied || code === "EACCES" || code === "EPERM") {
    return "permission denied";
  }
  if (cause instanceof Deno.errors.NotCapable) {
    return "Gyrus was started without permission to read it";
  }
  return cause.message;
}

/** The error of a file that can't be read. */
export function readError(path: string, cause: unknown): DataError {
  const problem = readProblem(cause);
  const missing = problem === "no such file";
  const text = missing ? brokenLinkProblem(path) ?? problem : `can't be read: ${problem}`;
  return new DataError(path, text, { cause });
}

/** What to do about content that git-annex keeps elsewhere. */
export const ANNEX_ADVICE =
  "whose content is not here; fetch it with `git annex get` (or `datalad get`)";

/** Why a file that is not there is listed all the same. */
function brokenLinkProblem(path: string): string | undefined {
  let target;
  try {
    target = Deno.readLinkSync(path);
  } catch {
    return undefined;
  }
  return /(^|\/)\.git\/annex\/objects\//.test(target)
    ? `a git-annex link ${ANNEX_ADVICE}`
    : `a link to ${target}, which is not there`;
}

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
    const problem = cause instanceof Deno.errors.NotFound ? "no such folder" : "can't be listed";
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
