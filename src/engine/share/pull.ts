/** Copies a run and its results from a server. */
import { DataError } from "../../errors.ts";
import { type InstanceEntry, runPath, type RunRecord } from "../run/run_folder.ts";
import { fetchOutputs } from "../store/fetch_outputs.ts";
import type { HttpTier } from "../store/remote/http_tier.ts";
import type { Store } from "../store/store.ts";
import { decodeRunFile, MAX_RUN_FILE, runFilePath } from "./run_file.ts";
import { placeRun } from "./shared_run.ts";

export interface PullResult {
  run: RunRecord;
  /** Instances with all of their results here now. */
  complete: readonly string[];
  /** Those of which the server lacks something. */
  incomplete: readonly string[];
}

/**
 * Copies a run: its record, and of each instance's results what the server has.
 *
 * @param folder of the workflow on this machine
 * @throws {DataError} when the server has no such run, or its record can't be trusted
 */
export async function pullRun(
  store: Store,
  tier: HttpTier,
  id: string,
  folder: string,
  secret: string | undefined,
): Promise<PullResult> {
  const bytes = await tier.readFile(runFilePath(id), MAX_RUN_FILE);
  const subject = `${tier.address}/${runFilePath(id)}`;
  if (bytes === undefined) throw new DataError(tier.address, `has no run ${id}`);
  const shared = decodeRunFile(bytes, id, subject, secret);
  const complete: string[] = [];
  const incomplete: string[] = [];
  const instances: InstanceEntry[] = [];
  for (const entry of shared.instances) {
    const { outputs: _, ...rest } = entry;
    const record = entry.key === undefined
      ? undefined
      : store.record(entry.key) ?? await tier.fetchRecord(entry.key);
    // What the run itself states of its outputs is not what was checked.
    instances.push({ ...rest, ...(record && { outputs: record.outputs, from: tier.address }) });
    if (entry.key === undefined) continue;
    const isHere = record && await fetchOutputs(store, Object.values(record.outputs));
    (isHere ? complete : incomplete).push(entry.name);
  }
  const run = placeRun({ ...shared, instances }, folder);
  const path = `${runPath(store, id)}/run.json`;
  if (store.files.size(path) === undefined) {
    store.files.makeFolder(runPath(store, id));
    await store.replaceFile(path, JSON.stringify(run), true);
  }
  return { run, complete, incomplete };
}
