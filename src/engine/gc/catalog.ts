/** What a store holds and what its records name, as far as the garbage collector needs it. */
import type { Digest } from "../../workflow/step.ts";
import { allEntries } from "../publish/ledger.ts";
import { refuseLinkedFolders } from "../store/inventory.ts";
import type { Listing, StoredFile } from "../store/listing.ts";
import { decodeAnyRecord } from "../store/record.ts";
import type { Store } from "../store/store.ts";
import type { CatalogMemory } from "./catalog_memory.ts";
import { factsOf, type RecordFacts } from "./record_facts.ts";

export interface CataloguedRecord {
  file: StoredFile;
  facts: RecordFacts;
}

export interface Catalog {
  objects: ReadonlyMap<Digest, StoredFile>;
  records: readonly CataloguedRecord[];
  /** Digests of published artifacts. */
  published: ReadonlySet<Digest>;
  /** Of objects and records. */
  bytes: number;
}

/**
 * Lists the first tier, and follows no symbolic link.
 *
 * @param memory folders that are as they were are taken from it
 * @throws {DataError} when a folder that matters is a link: what it holds would count as absent
 */
export function takeCatalog(store: Store, listing: Listing, memory: CatalogMemory): Catalog {
  refuseLinkedFolders(store);
  const { root } = store;
  const objects = new Map<Digest, StoredFile>();
  const records: CataloguedRecord[] = [];
  let bytes = 0;
  const read = (file: StoredFile) => {
    const text = store.files.readSync(file.path, file);
    const record = text && decodeAnyRecord(text);
    return record && factsOf(record);
  };
  for (const { path } of listing.foldersIn(`${root}/objects`)) {
    for (const { file } of memory.filesIn(path, listing, () => undefined)) {
      bytes += file.size;
      objects.set(file.name, file);
    }
  }
  for (const { path } of listing.foldersIn(`${root}/records`)) {
    for (const { file, facts } of memory.filesIn(path, listing, read)) {
      bytes += file.size;
      if (facts && facts.type !== "chain") records.push({ file, facts });
    }
  }
  for (const { path } of listing.foldersIn(`${root}/chains`)) {
    for (const file of listing.nestedFilesIn(path)) {
      bytes += file.size;
      const facts = read(file);
      if (facts?.type === "chain") records.push({ file, facts });
    }
  }
  const published = new Set(allEntries(store).flatMap(({ result }) => result?.artifact ?? []));
  return { objects, records, published, bytes };
}
