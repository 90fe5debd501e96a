/** Stores results on a server: objects first, then the records that name them. */
import { DataError } from "../../errors.ts";
import { sameOutputs } from "../run/commit.ts";
import { type HttpTier, isOfSize, serverPath } from "../store/remote/http_tier.ts";
import { ServerError } from "../store/remote/server.ts";
import { signRecord } from "../store/remote/signature.ts";
import { encodeRecord } from "../store/record.ts";
import type { Store } from "../store/store.ts";
import { departing, type Division, type SharedFile, type SharedRecord } from "./departure.ts";

export interface PushResult {
  /** Objects and records that the server did not have. */
  objects: number;
  records: number;
  bytes: number;
  /** Objects and records that it had. */
  present: number;
  /** Instances of which the server has another result, which stays. */
  different: readonly string[];
}

/** Files that are sent at the same time. */
const AT_ONCE = 4;

/**
 * Uploads what a division lets go. A kill at any instant leaves objects without a record, which the
 * next push completes.
 *
 * @param secret signs the records; they are unsigned without it
 * @throws {DataError} when the server refuses, is gone, or stored something else
 */
export async function push(
  store: Store,
  tier: HttpTier,
  { records, files }: Division,
  secret: string | undefined,
): Promise<PushResult> {
  const result = { objects: 0, records: 0, bytes: 0, present: 0 };
  const different: string[] = [];
  await inParallel(files, async (file) => {
    if (await pushObject(store, tier, file)) {
      result.objects++;
      result.bytes += file.size;
    } else result.present++;
  });
  await inParallel(records, async (shared) => {
    const state = await pushRecord(tier, shared, files, secret);
    if (state === "different") different.push(shared.instance);
    else if (state === "present") result.present++;
    else result.records++;
  });
  return { ...result, different: different.sort() };
}

/** @returns whether it was sent; false when the server had it */
async function pushObject(store: Store, { server }: HttpTier, file: SharedFile): Promise<boolean> {
  const path = serverPath("objects", file.digest);
  if (isOfSize(await server.size(path), file.size)) return false;
  await server.put(path, await store.getBlob(file));
  const stored = await server.size(path);
  if (isOfSize(stored, file.size)) return true;
  throw new DataError(
    server.address.url,
    `states ${
      stored ?? "no"
    } bytes of ${file.name}, which has ${file.size}; see what limits its uploads`,
  );
}

async function pushRecord(
  tier: HttpTier,
  { record }: SharedRecord,
  files: readonly SharedFile[],
  secret: string | undefined,
): Promise<"sent" | "present" | "different"> {
  const known = await readKnown(tier, record.key);
  // The first record of a key stays, as in a store.
  if (known) return sameOutputs(known.outputs, record.outputs) ? "present" : "different";
  const leaving = departing(record, files);
  const signed = secret === undefined ? leaving : signRecord(leaving, secret);
  await tier.server.put(serverPath("records", record.key), encodeRecord(signed));
  return "sent";
}

/** What is no record of the key, or lacks the signature, is replaced. */
async function readKnown(tier: HttpTier, key: string) {
  try {
    return await tier.readRecord(key);
  } catch (error) {
    if (error instanceof ServerError && error.outlook === "wrong") return undefined;
    throw error;
  }
}

async function inParallel<T>(
  items: readonly T[],
  action: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items].reverse();
  const next = async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await action(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}
