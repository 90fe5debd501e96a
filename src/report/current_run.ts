/** The current state of a run: its record, updated by its events since. */
import type { EngineEvent, Outcome, RunStatus } from "../engine/plan/events.ts";
import {
  type InstanceEntry,
  isAlive,
  readEvents,
  type RunRecord,
} from "../engine/run/run_folder.ts";
import type { Store } from "../engine/store/store.ts";

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

/** A run that is recorded as running and has no process was killed. */
export function runStatus(store: Store, { id, status }: RunRecord): CurrentRun["status"] {
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
