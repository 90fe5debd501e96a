/**
 * Bundles: one archive with all that a colleague needs to see a run and to continue from it.
 *
 *     gyrus-bundle.json        which run it is, and keys of its source steps
 *     ro-crate-metadata.json   with the workflow's files, run.json and published/: an RO-Crate
 *     workflow.lock.json, modules of the user's own steps
 *     records/ objects/        as in a store
 */
import { DataError } from "../../errors.ts";
import type { Digest } from "../../workflow/step.ts";
import { crateFiles } from "../crate.ts";
import type { RunRecord } from "../run/run_folder.ts";
import { serverPath } from "../store/remote/http_tier.ts";
import { encodeRecord } from "../store/record.ts";
import type { Store } from "../store/store.ts";
import { type ArchiveFile, writeArchive } from "./archive.ts";
import { departing, type Division, type Permit } from "./departure.ts";
import { namesPersons } from "./persons.ts";
import { shareableRun } from "./shared_run.ts";

export const BUNDLE_FILE = "gyrus-bundle.json";

export interface BundleHead {
  version: 1;
  run: string;
  /** The workflow's file. */
  workflow: string;
  /** Keys of source instances, by name. */
  sources: Readonly<Record<string, Digest>>;
}

export interface BundleRequest {
  run: RunRecord;
  division: Division;
  permits: ReadonlySet<Permit>;
  /** Names of the instances that read the outside world. */
  sources: readonly string[];
  /** Further texts, by path: the lock file, modules of the user's steps. */
  texts: ReadonlyMap<string, string>;
}

/**
 * Writes a bundle, which must not exist.
 *
 * @throws {DataError} when a text that it needs names persons and they may not leave, or the workflow
 *   includes files from outside its folder
 */
export async function writeBundle(
  store: Store,
  request: BundleRequest,
  path: string,
): Promise<{ files: number; bytes: number }> {
  const run = shareableRun(request.run);
  const outside = Object.keys(run.workflow.sources).find((file) => file.startsWith("/elsewhere/"));
  if (outside !== undefined) {
    throw new DataError(
      run.workflow.name,
      `includes ${
        outside.slice("/elsewhere/".length)
      } from outside its folder; copy it in, and run again`,
    );
  }
  const leaving = new Set(request.division.files.map(({ digest }) => digest));
  const crate = await crateFiles(store, run, ({ digest }) => leaving.has(digest));
  const texts = [...request.texts].map(([path, text]) => ({ path, bytes: encode(text) }));
  if (!request.permits.has("participants")) {
    for (const file of [...crate, ...texts]) {
      // Published files were looked at with the results.
      if (file.path.startsWith("published/") || !namesPersons(decode(file.bytes))) continue;
      throw new DataError(file.path, "names participants; --participants lets it leave");
    }
  }
  const made = new Date(run.started);
  return await writeArchive(path, bundleFiles(store, request, run, [...crate, ...texts]), made);
}

async function* bundleFiles(
  store: Store,
  { division: { records, files }, sources }: BundleRequest,
  run: RunRecord,
  texts: readonly ArchiveFile[],
): AsyncGenerator<ArchiveFile> {
  const keys = records.filter(({ instance }) => sources.includes(instance))
    .map(({ instance, record }) => [instance, record.key]);
  const head: BundleHead = {
    version: 1,
    run: run.id,
    workflow: run.workflow.file.slice(1),
    sources: Object.fromEntries(keys),
  };
  yield { path: BUNDLE_FILE, bytes: encode(JSON.stringify(head) + "\n") };
  yield* texts;
  const unique = new Map(records.map(({ record }) => [record.key, record]));
  for (const record of unique.values()) {
    yield {
      path: serverPath("records", record.key),
      bytes: encodeRecord(departing(record, files)),
    };
  }
  for (const file of files) {
    yield { path: serverPath("objects", file.digest), bytes: await store.getBlob(file) };
  }
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
