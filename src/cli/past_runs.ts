/** Runs as the command line names them. */
import {
  type InstanceEntry,
  isAlive,
  listRuns,
  readRun,
  type RunRecord,
} from "../engine/run/run_folder.ts";
import type { Store } from "../engine/store/store.ts";
import { UsageError } from "./arguments.ts";

/**
 * A run by its id or the first digits of it; the newest for `latest`.
 *
 * @throws {UsageError} when there is none, or several
 */
export function findRun(store: Store, text = "latest"): RunRecord {
  const ids = listRuns(store);
  if (ids.length === 0) {
    throw new UsageError(`there is no run in ${store.root}`, "name another cache with --cache");
  }
  const found = text === "latest" ? ids.slice(0, 1) : ids.filter((id) => id.startsWith(text));
  if (found.length !== 1) {
    throw new UsageError(
      found.length === 0 ? `there is no run ${text}` : `${found.length} runs start with ${text}`,
      "gyrus runs lists them",
    );
  }
  const record = readRun(store, found[0]);
  if (record === undefined) throw new UsageError(`the record of run ${found[0]} is corrupt`);
  return record;
}

/** Its status; a run that is recorded as `running` and has no process was killed. */
export function statusOf(store: Store, record: RunRecord): string {
  if (record.status !== "running") return record.status;
  return isAlive(store, record.id) ? "running" : "killed";
}

/** `3 done, 8 cached, 1 failed` */
export function outcomesText(instances: readonly InstanceEntry[]): string {
  const counts = new Map<string, number>();
  for (const { outcome } of instances) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const order = ["done", "cached", "failed", "skipped", "interrupted", "pending", "unwanted"];
  return order.filter((outcome) => counts.has(outcome))
    .map((outcome) => `${counts.get(outcome)} ${outcome}`).join(", ");
}
