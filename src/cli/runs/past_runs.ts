/** Runs as the command line names them. */
import {
  type InstanceEntry,
  listRuns,
  readRun,
  type RunRecord,
} from "../../engine/run/run_folder.ts";
import type { Store } from "../../engine/store/store.ts";
import { exists } from "../../disk/read.ts";
import { basename, resolve } from "../../workflow/paths.ts";
import { type Arguments, UsageError } from "../arguments.ts";
import { shortPath } from "../failure.ts";
import { commandLine } from "../hint.ts";

/** Ids of the runs of a workflow file, or of all, newest first. */
export function runIds(store: Store, file?: string): Iterable<string> {
  const ids = listRuns(store);
  return file === undefined ? ids : ofFile(store, ids, resolve(file));
}

function* ofFile(store: Store, ids: readonly string[], file: string): Generator<string> {
  for (const id of ids) {
    const record = readRun(store, id);
    if (record && isRunOf(record, file)) yield id;
  }
}

/** Whether a file is the one that was run; folders that were moved or copied since have other paths. */
function isRunOf({ workflow }: RunRecord, file: string): boolean {
  if (workflow.file === file) return true;
  return basename(workflow.file) === basename(file) && !exists(workflow.file);
}

/** Undefined without a run. */
export function newestId(store: Store, file?: string): string | undefined {
  for (const id of runIds(store, file)) return id;
  return undefined;
}

/**
 * A run by its id or the first digits of it; the newest for `latest`.
 *
 * @param args whose FILE limits the runs that are meant
 * @throws {UsageError} when there is none, or several
 */
export function findRun(store: Store, { file }: Arguments, text = "latest"): RunRecord {
  if (text === "latest") {
    const newest = newestId(store, file);
    if (newest === undefined) throw noRun(store, file);
    return openRun(store, newest);
  }
  const found = [...runIds(store, file)].filter((id) => id.startsWith(text));
  if (found.length === 1) return openRun(store, found[0]);
  if (newestId(store, file) === undefined) throw noRun(store, file);
  throw new UsageError(
    found.length === 0 ? `there is no run ${text}` : `${found.length} runs start with ${text}`,
    `${commandLine("runs", ...file === undefined ? [] : [file])} lists them`,
  );
}

/**
 * The run of the same workflow before another.
 *
 * @throws {UsageError} when it was the first
 */
export function findRunBefore(store: Store, { id, workflow }: RunRecord): RunRecord {
  for (const earlier of runIds(store, workflow.file)) {
    if (earlier < id) return openRun(store, earlier);
  }
  throw new UsageError(`run ${id} is the first of ${shortPath(workflow.file)}`);
}

function openRun(store: Store, id: string): RunRecord {
  const record = readRun(store, id);
  if (record === undefined) throw new UsageError(`the record of run ${id} is corrupt`);
  return record;
}

function noRun(store: Store, file: string | undefined): UsageError {
  const where = shortPath(store.root);
  return file === undefined
    ? new UsageError(`there is no run in ${where}`, "name another cache by --cache DIR")
    : new UsageError(
      `there is no run of ${file} in ${where}`,
      `${commandLine("run", file)} is one`,
    );
}

/** `3 done, 8 cached, 1 failed` */
export function outcomesText(instances: readonly InstanceEntry[]): string {
  const counts = new Map<string, number>();
  for (const { outcome } of instances) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const order = ["done", "cached", "failed", "skipped", "interrupted", "pending", "unwanted"];
  return order.filter((outcome) => counts.has(outcome))
    .map((outcome) => `${counts.get(outcome)} ${outcome === "unwanted" ? "not selected" : outcome}`)
    .join(", ");
}
