/** What the ledger knows of one path of a workflow's `[publish]`, and how it is stored. */
import { DataError } from "../../errors.ts";
import { OWN_LIMITS, parseJsonBytes } from "../../json.ts";
import type { Digest } from "../../workflow/step.ts";
import { isDigest } from "../store/digest.ts";
import { artifactPathProblem } from "../store/manifest.ts";

/** What all published files are of. */
export interface PublishedResult {
  artifact: Digest;
  /** Of the step kind. */
  version: number;
}

/** Paths are relative to the project folder. */
export interface LedgerEntry {
  /** Absolute path of the project folder when the entry was written. */
  project: string;
  /** As `[publish]` names it. */
  path: string;
  /** File name of the workflow, which is in the project folder. */
  workflow: string;
  /** Step and output, such as `evaluate.table`. */
  output: string;
  /** Absent while files are being written. */
  result?: PublishedResult;
  /** Content of the files that Gyrus wrote; old and new content while they are being written. */
  files: ReadonlyMap<string, readonly Digest[]>;
  /** Likewise of files of another output, which was published to the path before. */
  left: ReadonlyMap<string, readonly Digest[]>;
  /** Files of the output that were there already with the right content, and are somebody else's. */
  found: ReadonlyMap<string, Digest>;
  /** Folders that Gyrus made, the outer first. */
  folders: readonly string[];
  /** Folder of files that are not in their places yet. */
  staging?: string;
}

/** Content of a file, if Gyrus wrote it. */
export function knownContent(
  { files, left }: Pick<LedgerEntry, "files" | "left">,
  file: string,
): readonly Digest[] | undefined {
  return files.get(file) ?? left.get(file);
}

export function encodeEntry(entry: LedgerEntry): string {
  const { files, left, found, ...rest } = entry;
  return JSON.stringify({ ...rest, files: [...files], left: [...left], found: [...found] });
}

/** Undefined for bytes that are no entry: what they knew then counts as somebody else's. */
export function decodeEntry(bytes: Uint8Array): LedgerEntry | undefined {
  let value: unknown;
  try {
    value = parseJsonBytes(bytes, "a ledger", OWN_LIMITS);
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
  const { project, path, workflow, output, result, files, left, found, folders, staging } = Object(
    value,
  );
  const isValid = typeof project === "string" && isPath(path) && isPath(workflow) &&
    typeof output === "string" &&
    isListOf(folders, isPath) &&
    (staging === undefined || isPath(staging)) && (result === undefined || isResult(result)) &&
    [files, left].every((map) => isListOf(map, isKnownFile)) &&
    isListOf(found, (item) => isPairOf(item, isContent));
  if (!isValid) return undefined;
  return {
    project,
    path,
    workflow,
    output,
    ...(result && { result: { artifact: result.artifact, version: result.version } }),
    files: new Map(files),
    left: new Map(left),
    found: new Map(found),
    folders,
    ...(staging && { staging }),
  };
}

function isPath(value: unknown): boolean {
  return typeof value === "string" && artifactPathProblem(value) === undefined;
}

function isContent(value: unknown): boolean {
  return typeof value === "string" && isDigest(value);
}

function isResult(value: unknown): boolean {
  const { artifact, version } = Object(value);
  return isContent(artifact) && Number.isInteger(version);
}

function isListOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isItem);
}

function isKnownFile(value: unknown): boolean {
  return isPairOf(value, (known) => isListOf(known, isContent));
}

function isPairOf(value: unknown, isSecond: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length === 2 && isPath(value[0]) && isSecond(value[1]);
}
