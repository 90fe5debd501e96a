/** Opens a bundle: a folder with the workflow's files, and a cache with what the bundle has of its run. */
import { listFolder, makeFolder, removeTree } from "../../disk/folders.ts";
import { exists } from "../../disk/read.ts";
import { writeNewFile } from "../../disk/write.ts";
import { DataError } from "../../errors.ts";
import { isJsonObject, parseJsonBytes } from "../../json.ts";
import { writeBundledSources } from "../plan/bundled_source.ts";
import { isRunId, runPath, type RunRecord } from "../run/run_folder.ts";
import { isRunRecord } from "../run/run_record.ts";
import { isTableOf } from "../store/checked.ts";
import { isDigest } from "../store/digest.ts";
import { instanceKey } from "../store/key.ts";
import { serverPath, verified } from "../store/remote/http_tier.ts";
import { decodeRecord } from "../store/record.ts";
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
  checkNames(archive);
  const existed = exists(folder);
  makeFolder(folder);
  if (listFolder(folder).length > 0) {
    throw new DataError(folder, "is not empty; name a new folder");
  }
  try {
    return await unpack(archive, head, folder, name);
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

/** Hidden files of a project are read by editors and by Git, and may name programs. */
function checkNames(archive: Archive): void {
  for (const path of archive.entries.keys()) {
    if (!path.split("/").some((part) => part.startsWith("."))) continue;
    throw new DataError(archive.path, `its file ${JSON.stringify(path)} is hidden`);
  }
}

async function unpack(
  archive: Archive,
  { run: id, workflow, sources }: BundleHead,
  folder: string,
  name: string,
): Promise<OpenedBundle> {
  const store = openStore(`${folder}/.gyrus`);
  const shared = parseJsonBytes(await archive.read("run.json"), `${archive.path}: run.json`);
  const isRun = isRunRecord(shared) && (shared as RunRecord).id === id;
  if (!isRun) throw new DataError(archive.path, "has no valid run.json");
  const counts = { records: 0, objects: 0 };
  const recordPaths: string[] = [];
  for (const path of archive.entries.keys()) {
    if (path.startsWith("records/")) recordPaths.push(path);
    else if (path.startsWith("objects/")) {
      await unpackObject(archive, store, path);
      counts.objects++;
    } else if (path !== BUNDLE_FILE && path !== "run.json") {
      await unpackFile(archive, path, `${folder}/${path}`);
    }
  }
  // As ever, after what they name.
  for (const path of recordPaths) {
    await unpackRecord(archive, store, path, name);
    counts.records++;
  }
  await writeBundledSources(store, sources);
  const run = placeRun(shared as RunRecord, folder);
  store.files.makeFolder(runPath(store, id));
  await store.replaceFile(`${runPath(store, id)}/run.json`, JSON.stringify(run), true);
  return { run, workflow: `${folder}/${workflow}`, ...counts };
}

async function unpackObject(archive: Archive, store: Store, path: string): Promise<void> {
  const digest = path.split("/").at(-1)!;
  const size = archive.entries.get(path)!.uncompressedSize;
  if (!isDigest(digest) || path !== serverPath("objects", digest)) {
    throw new DataError(archive.path, `its file ${path} has no name of an object`);
  }
  const blob = { digest, size };
  await store.receiveObject(
    blob,
    verified(archive.pieces(path), blob, () => damaged(archive, path)),
  );
}

function damaged({ path }: Archive, name: string): DataError {
  return new DataError(path, `its file ${name} has other bytes than its name states`);
}

async function unpackRecord(
  archive: Archive,
  store: Store,
  path: string,
  name: string,
): Promise<void> {
  const record = decodeRecord(await archive.read(path), "instance");
  const isOfPath = record !== undefined && path === serverPath("records", record.key) &&
    instanceKey(record.parts) === record.key;
  if (!isOfPath) throw new DataError(archive.path, `its file ${path} is no record of that name`);
  const { signature: _, ...rest } = record;
  await store.publishRecord({ ...rest, from: name });
}

async function unpackFile(archive: Archive, path: string, to: string): Promise<void> {
  makeFolder(to.slice(0, to.lastIndexOf("/")));
  await writeNewFile(to, await archive.read(path));
}
