/** What a disk refuses, in words: the problem and the way out. */
import { DataError } from "../errors.ts";

const ELSEWHERE = "write elsewhere (the cache: --cache)";

/** Problems by the operating system's code. */
const PROBLEMS: Readonly<Record<string, string>> = {
  EACCES: `permission denied; check who owns it, or ${ELSEWHERE}`,
  EBUSY: "another program uses it; close that program, then run again",
  EDQUOT: "your quota on this disk is used up; free some, or run `gyrus cache gc`, then run again",
  EEXIST: "exists already",
  EFBIG: `this disk takes no file of this size; ${ELSEWHERE}`,
  EINVAL: `this disk refuses the name or the operation; ${ELSEWHERE}`,
  EIO: "the disk reports an I/O error; check the disk, then run again",
  EISDIR: "it is a folder",
  ELOOP: "symbolic links lead in a circle; remove one of them",
  EMFILE: "too many files are open; raise the limit, as by `ulimit -n 4096`, then run again",
  EMLINK: `this disk allows no more names here; ${ELSEWHERE}`,
  ENAMETOOLONG: "this disk takes no name of this length; shorten it",
  ENFILE: "this machine has too many files open; close other programs, then run again",
  ENOENT: "no such file or folder; run again if another program has removed it",
  ENOLCK: `this disk has no locks; ${ELSEWHERE}`,
  ENOMEM: "not enough memory; close other programs, then run again",
  ENOSPC: "no space left on this disk; free some, or run `gyrus cache gc`, then run again",
  ENOSYS: `this disk lacks the operation; ${ELSEWHERE}`,
  ENOTDIR: "a part of this path is a file, not a folder; choose another path",
  ENOTEMPTY: "the folder is not empty",
  ENOTSUP: `this disk lacks the operation; ${ELSEWHERE}`,
  EPERM: `permission denied; check who owns it, or ${ELSEWHERE}`,
  EROFS: `this disk is read-only; ${ELSEWHERE}`,
  ESTALE: "the network disk was mounted again; run again",
  EXDEV: "its folder spans two disks; keep it on one",
};

/** Codes that the runtime reports by text alone. */
const CODES_BY_TEXT: Readonly<Record<string, string>> = {
  "Disk quota exceeded": "EDQUOT",
  "File too large": "EFBIG",
  "Function not implemented": "ENOSYS",
  "No locks available": "ENOLCK",
  "Stale file handle": "ESTALE",
  "Text file busy": "EBUSY",
  "Too many links": "EMLINK",
  "Too many open files in system": "ENFILE",
};

/** Text of the operating system in an error's message; undefined when it is not the system's. */
function systemText(error: Error): string | undefined {
  return error.message.match(/^(.+?) \(os error \d+\)/)?.[1];
}

/** `ENOSPC` and the like, of an error of the disk or of one that was made of it. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof DataError) return errorCode(error.cause);
  if (error instanceof Deno.errors.NotFound) return "ENOENT";
  if (error instanceof Deno.errors.NotADirectory) return "ENOTDIR";
  if ("code" in error && typeof error.code === "string") return error.code;
  return CODES_BY_TEXT[systemText(error) ?? ""];
}

/** Whether there is nothing at a path, also where a part of it is no folder. */
export function isAbsent(error: unknown): boolean {
  const code = errorCode(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

/** In place of an error of the disk; a missing permission of the runtime and bugs stay. */
export function diskError(path: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || cause instanceof DataError) return cause;
  if (cause instanceof Deno.errors.NotCapable) return cause;
  const problem = PROBLEMS[errorCode(cause) ?? ""] ?? systemText(cause);
  return problem === undefined ? cause : new DataError(path, problem, { cause });
}

/** @throws {DataError} for an error of the disk */
export function guard<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw diskError(path, cause);
  }
}

/** As {@link guard}, for an action that takes its time. */
export async function guardAsync<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw diskError(path, cause);
  }
}

/** As {@link guard}; undefined when there is nothing at the path. */
export function ifPresent<T>(path: string, action: () => T): T | undefined {
  try {
    return action();
  } catch (cause) {
    if (isAbsent(cause)) return undefined;
    throw diskError(path, cause);
  }
}

/** Why a file can't be read, in a few words. */
export function readProblem(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause instanceof DataError) return cause.cause ? readProblem(cause.cause) : cause.problem;
  if (cause instanceof Deno.errors.NotCapable) {
    return "Gyrus was started without permission to read it";
  }
  const code = errorCode(cause) ?? "";
  if (code === "ENOENT") return "no such file";
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  return PROBLEMS[code] ?? systemText(cause) ?? cause.message;
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
