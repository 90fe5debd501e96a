/**
 * What would leave this machine when results are shared, and what stays until an option lets it go.
 *
 * The type of an artifact declares what each of its files needs. Texts are read besides: whatever the
 * type, one that names a person needs `participants`.
 */
import type { Privacy } from "../../workflow/privacy.ts";
import type { Blob, Digest, Json } from "../../workflow/step.ts";
import { decodeManifest } from "../store/manifest.ts";
import { encodeRecord, type InstanceRecord, type ManifestRef } from "../store/record.ts";
import type { Store } from "../store/store.ts";
import { ObjectError } from "../store/store_error.ts";
import type { InstanceEntry } from "../run/run_folder.ts";
import { namesPersons } from "./persons.ts";

/** What an option of the user lets go. */
export type Permit = Exclude<Privacy, "open">;
export const PERMITS: readonly Permit[] = ["images", "participants"];

/** See `ArtifactType.privacy`; undefined of a type that nobody declared, of which everything stays. */
export type Classify = (
  type: string,
  path: string,
  meta: Readonly<Record<string, Json>>,
) => Privacy | undefined;

/** One object of the store. */
export interface SharedFile extends Blob {
  /** Such as `evaluate.table/table.tsv`. */
  name: string;
  /** Those without which it stays. */
  needs: readonly Permit[];
}

export interface SharedRecord {
  instance: string;
  record: InstanceRecord;
  needs: readonly Permit[];
}

export interface Departure {
  /** Producers before consumers. */
  records: readonly SharedRecord[];
  /** Each object once. */
  files: readonly SharedFile[];
  /** Instances of which nothing can be shared, and why. */
  absent: readonly { instance: string; reason: string }[];
}

/** Everything that results consist of, as far as it is here, with what each part needs. */
export async function findDeparture(
  store: Store,
  entries: readonly InstanceEntry[],
  classify: Classify,
): Promise<Departure> {
  const files = new Map<Digest, SharedFile>();
  const add = (name: string, { digest, size }: Blob, needs: readonly Permit[]) => {
    const known = files.get(digest);
    // The same bytes in two places: the stricter holds.
    const all = PERMITS.filter((permit) => needs.includes(permit) || known?.needs.includes(permit));
    files.set(digest, { name: known?.name ?? name, digest, size, needs: all });
  };
  const addOutput = async (name: string, ref: ManifestRef) => {
    const bytes = store.getObjectSync(ref);
    const { type, meta, files, items } = decodeManifest(bytes);
    const isOfPersons = namesPersons(new TextDecoder().decode(bytes));
    add(`${name}: list of files`, ref, isOfPersons ? ["participants"] : []);
    for (const file of files) {
      if (!store.hasBlob(file)) continue;
      const needs = await needsOf(store, file, classify(type, file.path, meta));
      add(`${name}/${file.path}`, file, needs);
    }
    for (const [index, item] of items?.entries() ?? []) await addOutput(`${name}[${index}]`, item);
  };
  const records: SharedRecord[] = [];
  const absent: Departure["absent"][number][] = [];
  for (const { name, key, outcome } of entries) {
    const record = key === undefined ? undefined : store.record(key);
    if (!record) {
      if (outcome !== "unwanted") absent.push({ instance: name, reason: "has no stored result" });
      continue;
    }
    const needs: Permit[] = namesPersons(textOf(record)) ? ["participants"] : [];
    records.push({ instance: name, record, needs });
    for (const [output, ref] of Object.entries(record.outputs)) {
      try {
        await addOutput(`${name}.${output}`, ref);
      } catch (error) {
        if (!(error instanceof ObjectError)) throw error;
        absent.push({ instance: `${name}.${output}`, reason: "is not on this machine" });
      }
    }
    const { log } = record;
    const size = log === undefined ? undefined : store.files.size(store.objectPath(log));
    // Logs name persons, and files of this machine.
    if (log !== undefined && size !== undefined) {
      add(`${name} log`, { digest: log, size }, ["participants"]);
    }
  }
  return { records, files: [...files.values()], absent };
}

async function needsOf(
  store: Store,
  file: Blob,
  privacy: Privacy | undefined,
): Promise<readonly Permit[]> {
  if (privacy === undefined) return PERMITS;
  if (privacy !== "open") return [privacy];
  const text = decodeText(await store.getBlob(file));
  return text !== undefined && namesPersons(text) ? ["participants"] : [];
}

/** Undefined for bytes that are no text. */
function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function textOf(record: InstanceRecord): string {
  return new TextDecoder().decode(encodeRecord(record));
}

/** The part that leaves with some permits, and what stays by the permits that it lacks. */
export interface Division {
  records: readonly SharedRecord[];
  files: readonly SharedFile[];
  held: readonly { name: string; bytes: number; needs: readonly Permit[] }[];
}

export function divide(
  { records, files }: Departure,
  permits: ReadonlySet<Permit>,
): Division {
  const leaves = ({ needs }: { needs: readonly Permit[] }) =>
    needs.every((permit) => permits.has(permit));
  const kept = files.filter((file) => !leaves(file))
    .map(({ name, size, needs }) => ({ name, bytes: size, needs }));
  const keptRecords = records.filter((record) => !leaves(record))
    .map(({ instance, needs }) => ({ name: `${instance} record`, bytes: 0, needs }));
  return {
    records: records.filter(leaves),
    files: files.filter(leaves),
    held: [...keptRecords, ...kept],
  };
}

/** The record as it leaves: without where it came from, and without a log that stays. */
export function departing(record: InstanceRecord, files: readonly SharedFile[]): InstanceRecord {
  const { from: _, signature: __, log, ...rest } = record;
  const isShared = log !== undefined && files.some(({ digest }) => digest === log);
  return { ...rest, ...(isShared && { log }) };
}
