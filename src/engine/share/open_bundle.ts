/** Opens a bundle: a folder with the workflow's files, and a cache with what the bundle has of its run. */
import { listFolder, makeFolder, removeTree } from "../../disk/folders.ts";
import { exists } from "../../disk/read.ts";
import { writeNewFile } from "../../disk/write.ts";
import { DataError } from "../../errors.ts";
import { isJsonObject, parseJsonBytes } from "../../json.ts";
import type { Blob } from "../../workflow/step.ts";
import { writeBundledSources } from "../plan/bundled_source.ts";
import { isRunId, runPath, type RunRecord } from "../run/run_folder.ts";
import { isRunRecord } from "../run/run_record.ts";
import { isTableOf } from "../store/checked.ts";
import { isDigest } from "../store/digest.ts";
import { instanceKey } from "../store/key.ts";
import { serverPath, verified } from "../store/remote/http_tier.ts";
import { decodeRecord, type InstanceRecord } from "../store/record.ts";
import { openStore, type Store } from "../store/store.ts";
import { Archive } from "./archive.ts";
import { BUNDLE_FILE, type BundleHead } from "./bundle.ts";
import { placeRun } from "./shared_run.ts";

export interface OpenedBundle {
  run: RunRecord;
  /** Absolute path of the workflow's file. */
  workflow: string;
  records: number;
  objects: number;
}

/**
 * Unpacks a bundle into a new folder. What can't be checked by its digest is data all the same: nothing
 * of it runs before the user runs the workflow.
 *
 * @param folder absolute; it must be absent or empty
 * @param name of the bundle, which its records then state as their origin
 * @throws {DataError} when it is no bundle, could do harm, or is damaged; the folder is then as before
 */
export async function openBundle(
  path: string,
  folder: string,
  name: string,
): Promise<OpenedBundle> {
  using archive = await Archive.open(path);
  const head = await readHead(archive);
  const run = await readSharedRun(archive, head);
  checkNames(archive);
  for (const path of pathsIn(archive, "records")) await readRecord(archive, path);
  const existed = exists(folder);
  makeFolder(folder);
  if (listFolder(folder).length > 0) {
    throw new DataError(folder, "is not empty; name a new folder");
  }
  try {
    return await unpack(archive, head, placeRun(run, folder), name);
  } catch (cause) {
    for (const { name } of listFolder(folder)) removeTree(`${folder}/${name}`);
    if (!existed) removeTree(folder);
    throw cause;
  }
}

async function readHead(archive: Archive): Promise<BundleHead> {
  const value = parseJsonBytes(await archive.read(BUNDLE_FILE), `${archive.path}: ${BUNDLE_FILE}`);
  const isHead = isJsonObject(value) && value.version === 1 && typeof value.run === "string" &&
    isRunId(value.run) && typeof value.workflow === "string" && isTableOf(value.sources, isDigest);
  if (isHead && archive.entries.has(String(value.workflow))) return value as unknown as BundleHead;
  throw new DataError(archive.path, "is no bundle of this version of Gyrus");
}

async function readSharedRun(archive: Archive, { run }: BundleHead): Promise<RunRecord> {
  const shared = parseJsonBytes(await archive.read("run.json"), `${archive.path}: run.json`);
  if (isRunRecord(shared) && (shared as RunRecord).id === run) return shared as RunRecord;
  throw new DataError(archive.path, "has no valid run.json");
}

function pathsIn(archive: Archive, folder: string): string[] {
  return [...archive.entries.keys()].filter((path) => path.startsWith(`${folder}/`));
}

/** Hidden files of a project are read by editors and by Git, and may name programs. */
function checkNames(archive: Archive): void {
  for (const path of archive.entries.keys()) {
    if (!path.split("/").some((part) => part.startsWith("."))) continue;
    throw new DataError(archive.path, `its file ${JSON.stringify(path)} is hidden`);
  }
  for (const path of pathsIn(archive, "objects")) {
    const { digest } = blobOf(archive, path);
    if (isDigest(digest) && path === serverPath("objects", digest)) continue;
    throw new DataError(archive.path, `its file ${path} has no name of an object`);
  }
}

function blobOf(archive: Archive, path: string): Blob {
  return { digest: path.split("/").at(-1)!, size: archive.entries.get(path)!.uncompressedSize };
}

async function unpack(
  archive: Archive,
  { workflow, sources }: BundleHead,
  run: RunRecord,
  name: string,
): Promise<OpenedBundle> {
  const { folder } = run.workflow;
  const store = openStore(`${folder}/.gyrus`);
  const objects = pathsIn(archive, "objects");
  const records = pathsIn(archive, "records");
  for (const path of objects) await unpackObject(archive, store, path);
  // As ever, after what they name.
  for (const path of records) {
    const { signature: _, ...record } = await readRecord(archive, path);
    await store.publishRecord({ ...record, from: name });
  }
  const kept = new Set([...objects, ...records, BUNDLE_FILE, "run.json"]);
  for (const path of archive.entries.keys()) {
    if (!kept.has(path)) await unpackFile(archive, path, `${folder}/${path}`);
  }
  await writeBundledSources(store, sources);
  store.files.makeFolder(runPath(store, run.id));
  await store.replaceFile(`${runPath(store, run.id)}/run.json`, JSON.stringify(run), true);
  return {
    run,
    workflow: `${folder}/${workflow}`,
    records: records.length,
    objects: objects.length,
  };
}

async function unpackObject(archive: Archive, store: Store, path: string): Promise<void> {
  const blob = blobOf(archive, path);
  const wrong = () =>
    new DataError(archive.path, `its file ${path} has other bytes than its name states`);
  await store.receiveObject(blob, verified(archive.pieces(path), blob, wrong));
}

async function readRecord(archive: Archive, path: string): Promise<InstanceRecord> {
  const record = decodeRecord(await archive.read(path), "instance");
  const isOfPath = record !== undefined && path === serverPath("records", record.key) &&
    instanceKey(record.parts) === record.key;
  if (isOfPath) return record;
  throw new DataError(archive.path, `its file ${path} is no record of that name`);
}

async function unpackFile(archive: Archive, path: string, to: string): Promise<void> {
  makeFolder(to.slice(0, to.lastIndexOf("/")));
  await writeNewFile(to, await archive.read(path));
}
