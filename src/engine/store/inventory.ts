/** Everything in a store, with sizes and times. */
import { DataError } from "../../errors.ts";
import type { Digest } from "../../workflow/step.ts";
import { allEntries } from "../publish/ledger.ts";
import {
  type ChainRecord,
  decodeAnyRecord,
  type InstanceRecord,
  type MemoRecord,
} from "./record.ts";
import { Listing, type StoredFile } from "./listing.ts";
import type { Store } from "./store.ts";

export interface Inventory {
  objects: ReadonlyMap<Digest, StoredFile>;
  instances: readonly (StoredFile & { record: InstanceRecord })[];
  memos: readonly (StoredFile & { record: MemoRecord })[];
  chains: readonly (StoredFile & { record: ChainRecord })[];
  /** Records that can't be read. */
  torn: readonly StoredFile[];
  /** How many files are set aside as corrupt. */
  quarantined: number;
  /** Digests of published artifacts. */
  published: readonly Digest[];
  /** Of objects and records. */
  bytes: number;
}

/** Folders with what a run can't make again, or can only at a cost. */
const VALUABLE = ["objects", "records", "chains", "runs", "published"];

/** @throws {DataError} when a folder that matters is a link: what it holds would count as absent */
export function refuseLinkedFolders({ root, files }: Store): void {
  for (const folder of VALUABLE) {
    if (files.stat(`${root}/${folder}`)?.kind !== "link") continue;
    throw new DataError(
      `${root}/${folder}`,
      "is a symbolic link, which is not followed; replace it by the folder, and link the cache itself",
    );
  }
}

/**
 * Looks at every file of the first tier, but follows no symbolic link; records are read, objects are
 * not.
 *
 * @throws {DataError} when a folder that matters is a link: what it holds would count as absent
 */
export function takeInventory(store: Store, listing = new Listing(store.files)): Inventory {
  const { root } = store;
  refuseLinkedFolders(store);
  const read = (file: StoredFile) => {
    const bytes = store.files.readSync(file.path, file);
    return bytes && decodeAnyRecord(bytes);
  };
  const instances: Inventory["instances"][number][] = [];
  const memos: Inventory["memos"][number][] = [];
  const chains: Inventory["chains"][number][] = [];
  const torn: StoredFile[] = [];
  const objects = new Map<Digest, StoredFile>();
  let bytes = 0;
  for (const file of listing.nestedFilesIn(`${root}/objects`)) {
    objects.set(file.name, file);
    bytes += file.size;
  }
  for (const file of listing.nestedFilesIn(`${root}/records`)) {
    bytes += file.size;
    const record = read(file);
    if (record?.type === "instance") instances.push({ ...file, record });
    else if (record?.type === "memo") memos.push({ ...file, record });
    else torn.push(file);
  }
  for (const { path } of listing.foldersIn(`${root}/chains`)) {
    for (const file of listing.nestedFilesIn(path)) {
      bytes += file.size;
      const record = read(file);
      if (record?.type === "chain") chains.push({ ...file, record });
      else torn.push(file);
    }
  }
  return {
    objects,
    instances,
    memos,
    chains,
    torn,
    quarantined: store.files.list(`${root}/quarantine`).length,
    published: allEntries(store).flatMap(({ result }) => result?.artifact ?? []),
    bytes,
  };
}
