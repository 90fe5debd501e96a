/** Whether the program is the one that an earlier process was. */
import { listFolder } from "../disk/folders.ts";
import { digestOf } from "../engine/store/digest.ts";
import { showsEditsSince, takeFingerprint } from "../engine/store/fingerprint.ts";
import { resolve } from "../workflow/paths.ts";
import type { Digest } from "../workflow/step.ts";

/** Files and folders that decide how a workflow is read. */
export const READER_SOURCES = [
  "src/artifacts/file_types.ts",
  "src/disk/",
  "src/errors.ts",
  "src/json.ts",
  "src/evaluation/classification_metrics.ts",
  "src/evaluation/reconstruction_scores.ts",
  "src/evaluation/selection.ts",
  "src/nn/names.ts",
  "src/search/",
  "src/std/",
  "src/steps/",
  "src/workflow/",
  "deno.json",
  "deno.lock",
  "program.lock",
];

/** Files and folders that decide what the program computes. */
export const ALL_SOURCES = ["src/", "kernels/", "mod.ts", "deno.json", "deno.lock", "program.lock"];

/**
 * Changes with any of these sources, with the compiled program or with the version of the package.
 * Undefined where the program comes from an address whose content can change, and where a source may
 * have been edited since this process began to read its modules.
 *
 * @param sources paths below Gyrus's root; a folder's ends in a slash
 */
export function programStamp(sources: readonly string[]): Digest | undefined {
  if (Deno.build.standalone) return stampFiles([Deno.execPath()]);
  const root = new URL("../../", import.meta.url);
  if (root.protocol === "file:") {
    const folder = resolve(import.meta.dirname!, "../..");
    return stampFiles(sources.flatMap((path) => filesAt(`${folder}/${path}`)).sort());
  }
  const isVersioned = /\/@[^/]+\/[^/]+\/\d[^/]*\/$/.test(root.pathname);
  return isVersioned ? digestOf(root.href) : undefined;
}

/** The file, or every file below the folder. */
function filesAt(path: string): string[] {
  if (!path.endsWith("/")) return [path];
  return listFolder(path).flatMap(({ name, isDirectory }) =>
    filesAt(`${path}${name}${isDirectory ? "/" : ""}`)
  );
}

function stampFiles(paths: readonly string[]): Digest | undefined {
  const lines: string[] = [Deno.version.deno, String(navigator.hardwareConcurrency)];
  for (const path of paths) {
    const line = stampFile(path);
    if (line === undefined) return undefined;
    lines.push(line);
  }
  return digestOf(lines.join("\n"));
}

/** By path, as first asked for: a later edit makes a file that no stamp of this process fits. */
const stamped = new Map<string, string | undefined>();

function stampFile(path: string): string | undefined {
  if (stamped.has(path)) return stamped.get(path);
  const fingerprint = takeFingerprint(path);
  const { size, modified, changed, inode } = fingerprint;
  const line = showsEditsSince(fingerprint, performance.timeOrigin)
    ? `${path} ${size} ${modified} ${changed} ${inode}`
    : undefined;
  stamped.set(path, line);
  return line;
}
