/**
 * Manifests: artifacts as stored. A manifest names type, meta, files by relative path and digest,
 * and the manifests of a list's elements; its own digest is the artifact's.
 */
import { DataError } from "../../errors.ts";
import type { ArtifactFile, Json, StepOutput } from "../../workflow/step.ts";
import { isJsonObject, OWN_LIMITS, parseJsonBytes } from "../../json.ts";
import { findNestedPaths, nestedPathsProblem } from "../../workflow/nested_paths.ts";
import { canonicalJson } from "./canonical.ts";
import { isSize } from "./checked.ts";
import { isDigest } from "./digest.ts";
import type { ManifestRef } from "./record.ts";

export interface Manifest {
  type: string;
  meta: { readonly [key: string]: Json };
  /** Sorted by path. */
  files: readonly ArtifactFile[];
  items?: readonly ManifestRef[];
}

export function encodeManifest(manifest: Manifest): Uint8Array<ArrayBuffer> {
  const { type, meta, files, items } = manifest;
  const value: Record<string, Json> = {
    type,
    meta,
    files: files.map((file) => [file.path, file.digest, file.size]),
  };
  if (items) value.items = items.map((item) => [item.digest, item.size]);
  return new TextEncoder().encode(canonicalJson(value));
}

/**
 * The inverse. That the bytes have the digest in their name proves nothing about who wrote them.
 *
 * @throws {DataError} when they are no manifest, or name a path that would leave the artifact
 */
export function decodeManifest(bytes: Uint8Array): Manifest {
  const subject = "an artifact in the cache";
  const fail = () => new DataError(subject, "has no valid manifest; use a cache that you trust");
  const value = parseJsonBytes(bytes, subject, OWN_LIMITS);
  if (!isJsonObject(value)) throw fail();
  const { type, meta, files, items } = value;
  if (typeof type !== "string" || !isJsonObject(meta) || !Array.isArray(files)) throw fail();
  if (items !== undefined && !Array.isArray(items)) throw fail();
  const refOf = ([digest, size]: unknown[]): ManifestRef => {
    if (!isDigest(digest) || !isSize(size)) throw fail();
    return { digest, size };
  };
  const stored = files.map((file): ArtifactFile => {
    if (!Array.isArray(file)) throw fail();
    const [path, ...blob] = file;
    if (typeof path !== "string") throw fail();
    return { path, ...refOf(blob) };
  });
  checkArtifactPaths(stored.map(({ path }) => path), subject);
  return {
    type,
    meta: meta as Manifest["meta"],
    files: stored,
    ...(items && {
      items: items.map((item) => {
        if (!Array.isArray(item)) throw fail();
        return refOf(item);
      }),
    }),
  };
}

/** What is wrong with a path that would leave the artifact or that two systems would read differently. */
export function artifactPathProblem(path: string): string | undefined {
  if (path === "") return "is empty";
  if (path.includes("\\")) return "has a backslash; write forward slashes";
  if (path.includes("\0")) return "has a zero character";
  if (path.split("/").some((part) => part === "" || part === "." || part === "..")) {
    return "must be relative, without empty, `.` or `..` parts";
  }
}

/**
 * Refuses paths that are no artifact's, and pairs of them that can't exist together, as `a` and `a/b`.
 *
 * @param subject the instance and output, for the message
 * @throws {DataError}
 */
export function checkArtifactPaths(paths: readonly string[], subject: string): void {
  for (const path of paths) {
    const problem = artifactPathProblem(path);
    if (problem) throw new DataError(subject, `file path ${JSON.stringify(path)} ${problem}`);
  }
  const nested = findNestedPaths(paths);
  if (nested) throw new DataError(subject, nestedPathsProblem(nested));
}

/** Files of an output, sorted as in a manifest. */
export function sortedFiles(
  output: StepOutput,
): [string, NonNullable<StepOutput["files"]>[string]][] {
  return Object.entries(output.files ?? {}).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
