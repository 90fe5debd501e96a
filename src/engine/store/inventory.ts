/** Everything in a store, with sizes and times. */
import type { FileStat } from "../../disk/operations.ts";
import type { Digest } from "../../workflow/step.ts";
import {
  type ChainRecord,
  decodeAnyRecord,
  type InstanceRecord,
  type MemoRecord,
} from "./record.ts";
import type { Store } from "./store.ts";

export interface StoredFile extends FileStat {
  name: string;
  path: string;
}

export interface Inventory {
  objects: ReadonlyMap<Digest, StoredFile>;
  instances: readonly (StoredFile & { record: InstanceRecord })[];
  memos: readonly (StoredFile & { record: MemoRecord })[];
  chains: readonly (StoredFile & { record: ChainRecord })[];
  /** Records that can't be read. */
  torn: readonly StoredFile[];
  temporary: readonly StoredFile[];
  leases: readonly StoredFile[];
  quarantine: readonly StoredFile[];
  /** Digests of published artifacts. */
  published: readonly Digest[];
  /** Of objects and records. */
  bytes: number;
}

/** Looks at every file of the first tier; records are read, objects are not. */
export function takeInventory(store: Store): Inventory {
  const { root } = store;
  const read = (file: StoredFile) => {
    const bytes = store.files.readSync(file.path);
    return bytes && decodeAnyRecord(bytes);
  };
  const instances: Inventory["instances"][number][] = [];
  const memos: Inventory["memos"][number][] = [];
  const chains: Inventory["chains"][number][] = [];
  const torn: StoredFile[] = [];
  const objects = new Map<Digest, StoredFile>();
  let bytes = 0;
  for (const file of listNested(store, `${root}/objects`)) {
    objects.set(file.name, file);
    bytes += file.size;
  }
  for (const file of listNested(store, `${root}/records`)) {
    bytes += file.size;
    const record = read(file);
    if (record?.type === "instance") instances.push({ ...file, record });
    else if (record?.type === "memo") memos.push({ ...file, record });
    else torn.push(file);
  }
  for (const prefix of store.files.list(`${root}/chains`)) {
    for (const file of listNested(store, `${root}/chains/${prefix}`)) {
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
    temporary: listFiles(store, `${root}/tmp`),
    leases: listFiles(store, `${root}/leases`),
    quarantine: listFiles(store, `${root}/quarantine`),
    published: readPublishedDigests(store),
    bytes,
  };
}

function listNested(store: Store, folder: string): StoredFile[] {
  return store.files.list(folder).flatMap((name) => listFiles(store, `${folder}/${name}`));
}

function listFiles(store: Store, folder: string): StoredFile[] {
  return store.files.list(folder).flatMap((name) => {
    const path = `${folder}/${name}`;
    const stat = store.files.stat(path);
    return stat ? [{ name, path, ...stat }] : [];
  });
}

function readPublishedDigests(store: Store): Digest[] {
  return store.files.list(`${store.root}/published`).flatMap((name) => {
    const bytes = store.files.readSync(`${store.root}/published/${name}`);
    if (!bytes) return [];
    const ledger = JSON.parse(new TextDecoder().decode(bytes)) as Record<
      string,
      { artifact?: Digest }
    >;
    return Object.values(ledger).flatMap(({ artifact }) =>
      artifact === undefined ? [] : [artifact]
    );
  });
}
