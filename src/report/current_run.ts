/** The current state of a run: its record, updated by its events since. */
import type { JobEvent } from "../engine/cluster/job_events.ts";
import type { EngineEvent, Outcome, RunStatus } from "../engine/plan/events.ts";
import {
  type InstanceEntry,
  isAlive,
  readEvents,
  type RunRecord,
} from "../engine/run/run_folder.ts";
import type { Store } from "../engine/store/store.ts";
import { type DetachedJob, detachedJobs, hasDetachedJobs } from "./detached_jobs.ts";

export interface CurrentInstance extends Omit<InstanceEntry, "outcome"> {
  outcome: Outcome | "pending" | "running";
  fraction?: number;
}

export interface MetricsPoint {
  instance: string;
  metrics: Readonly<Record<string, number>>;
}

export interface CurrentRun extends Omit<RunRecord, "instances" | "status"> {
  /** A run whose process died is `killed`. */
  status: RunStatus | "running" | "killed";
  instances: readonly CurrentInstance[];
  /** What steps reported of their progress, in order of time. */
  points: readonly MetricsPoint[];
}

/**
 * A run that is recorded as running and has no process was killed; one that was interrupted runs on while
 * a cluster has jobs of it.
 */
export function runStatus(store: Store, record: RunRecord): CurrentRun["status"] {
  const { id, status } = record;
  if (hasDetachedJobs(store, record)) return "running";
  if (status !== "running") return status;
  return isAlive(store, id) ? "running" : "killed";
}

export function currentRun(store: Store, record: RunRecord): CurrentRun {
  const events = readEvents(store, record.id);
  const points = events.flatMap((event) =>
    event.type === "instance-progress" && event.metrics
      ? [{ instance: event.instance, metrics: event.metrics }]
      : []
  );
  const jobs = detachedJobs(store, record);
  if (jobs.length > 0) return withJobs(store, record, points, jobs);
  if (record.status !== "running") return { ...record, status: record.status, points };
  const status = runStatus(store, record);
  const instances = new Map(
    record.instances.map((entry): [string, CurrentInstance] => [entry.name, { ...entry }]),
  );
  for (const event of events) {
    const entry = "instance" in event ? instances.get(event.instance) : undefined;
    if (entry) apply(store, entry, event);
  }
  if (status === "killed") {
    for (const entry of instances.values()) {
      if (entry.outcome !== "running") continue;
      entry.outcome = "interrupted";
      entry.message = "its process ended";
    }
  }
  return { ...record, status, instances: [...instances.values()], points };
}

/** A run as its jobs have reported of it since its process left them. */
function withJobs(
  store: Store,
  record: RunRecord,
  points: readonly MetricsPoint[],
  jobs: readonly DetachedJob[],
): CurrentRun {
  const left = record.finished ?? "";
  const instances = new Map(
    record.instances.map((entry): [string, CurrentInstance] => [entry.name, { ...entry }]),
  );
  const later: MetricsPoint[] = [];
  for (const { instance, events } of jobs) {
    const entry = instances.get(instance);
    if (!entry || entry.outcome === "done" || entry.outcome === "cached") continue;
    for (const event of events) {
      applyJob(store, entry, event);
      if (event.type !== "progress" || !event.metrics || event.time <= left) continue;
      later.push({ instance, metrics: event.metrics });
    }
  }
  return {
    ...record,
    status: runStatus(store, record),
    instances: [...instances.values()],
    points: [...points, ...later],
  };
}

function applyJob(store: Store, entry: CurrentInstance, event: JobEvent): void {
  switch (event.type) {
    case "started":
      entry.outcome = "running";
      entry.started = event.time;
      entry.message = `job ${event.job} on ${event.host}`;
      break;
    case "progress":
      entry.fraction = event.fraction ?? entry.fraction;
      entry.message = event.message ?? entry.message;
      break;
    case "done": {
      const record = store.record(event.key);
      if (!record) break;
      Object.assign(entry, { outcome: "done", key: event.key, outputs: record.outputs });
      Object.assign(entry, { seconds: record.seconds, finished: event.time });
      delete entry.message;
      delete entry.fraction;
      break;
    }
    case "failed":
      entry.outcome = "failed";
      entry.message = event.message;
      break;
    case "stopped":
      entry.outcome = "interrupted";
      entry.message = `stopped by ${event.signal}`;
      break;
  }
}

function apply(store: Store, entry: CurrentInstance, event: EngineEvent): void {
  switch (event.type) {
    case "instance-started":
      entry.outcome = "running";
      entry.key = event.key;
      entry.reasons = event.reasons;
      entry.started = event.time;
      entry.logPath = event.logPath;
      break;
    case "instance-progress":
      entry.fraction = event.fraction ?? entry.fraction;
      entry.message = event.message ?? entry.message;
      break;
    case "instance-waiting":
      entry.message = "another run computes it";
      break;
    case "instance-cached":
    case "instance-finished":
      entry.outcome = event.type === "instance-cached" ? "cached" : "done";
      entry.key = event.key;
      entry.outputs = store.record(event.key)?.outputs;
      delete entry.message;
      delete entry.fraction;
      if (event.type === "instance-finished") {
        entry.seconds = event.seconds;
        entry.finished = event.time;
      }
      break;
    case "instance-failed":
      entry.outcome = "failed";
      entry.message = event.message;
      break;
    case "instance-interrupted":
      entry.outcome = "interrupted";
      entry.message = event.message;
      break;
    case "instance-skipped":
      entry.outcome = "skipped";
      entry.message = event.because;
      break;
  }
}
