/**
 * Paths as `node:path` has them, with forward slashes on every system. Loading that module takes
 * longer than reading a workflow.
 */

const windows = Deno.build.os === "windows";
const ROOT = windows ? /^([A-Za-z]:)?\// : /^\//;

/** An absolute path without `.`, `..` and empty names; each path is relative to those before it. */
export function resolve(...paths: readonly string[]): string {
  const parts = windows ? paths.map((path) => path.replaceAll("\\", "/")) : [...paths];
  const start = parts.findLastIndex((path) => ROOT.test(path));
  if (start < 0) return resolve(Deno.cwd(), ...parts);
  const [root] = ROOT.exec(parts[start])!;
  const names: string[] = [];
  for (const name of parts.slice(start).join("/").slice(root.length).split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return root + names.join("/");
}

/** The folder of an absolute path. */
export function dirname(path: string): string {
  return resolve(path, "..");
}

/** The last name of a path. */
export function basename(path: string): string {
  const full = resolve("/", path);
  return full.slice(full.lastIndexOf("/") + 1);
}

/** Whether an absolute path is a folder or below it. */
export function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/** The way to `to` from the folder `from`. */
export function relative(from: string, to: string): string {
  const [start, end] = [from, to].map((path) => resolve(path).split("/").filter(Boolean));
  let shared = 0;
  while (shared < start.length && shared < end.length && start[shared] === end[shared]) shared++;
  return [...start.slice(shared).fill(".."), ...end.slice(shared)].join("/");
}
