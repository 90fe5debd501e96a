/**
 * The events of a run.
 *
 * One stream feeds the terminal, `--json`, `runs/<id>/events.jsonl`, the report and the live view.
 * Every event carries `time`, ISO 8601 in UTC. What source steps log while planning comes first, then
 * `run-started`; the last is `run-finished`.
 */
import type { Digest, Json } from "../../workflow/step.ts";
import type { FullDisk } from "./disk_space.ts";
import type { RunEstimate } from "./forecast.ts";
import type { Reason } from "./reason.ts";

/** How a run ended. */
export type RunStatus =
  | "done"
  /** Every step is done, and some results could not be published. */
  | "unpublished"
  | "failed"
  | "interrupted";

/** What became of an instance. */
export type Outcome =
  /** Its record was found. */
  | "cached"
  /** It ran with success. */
  | "done"
  | "failed"
  /** It was not started: something that it needs failed, or the run stopped. */
  | "skipped"
  /** It was stopped before it was done. */
  | "interrupted"
  /** The targets of the run don't need it. */
  | "unwanted";

/** Instances by outcome. */
export interface Counts {
  /** Found in the cache. */
  cached: number;
  /** Executed with success in this run. */
  done: number;
  /** Executed without success. */
  failed: number;
  /** Not started: something they need failed, or the run stopped. */
  skipped: number;
}

/** An event without its time. */
export type EventBody =
  | {
    type: "run-started";
    run: string;
    workflow: string;
    file: string;
    instances: number;
    cached: number;
    /** How many will or may run. */
    pending: number;
    /** Sums over what will or may run; absent when nothing is known. */
    estimateSeconds?: number;
    estimateDiskBytes?: number;
    estimatePublishedBytes?: number;
    /** How many of these have no estimate, so that the sums are the least. */
    withoutEstimate: RunEstimate["withoutEstimate"];
    /** Disks that are too small for them. */
    fullDisks?: readonly FullDisk[];
  }
  | {
    type: "instance-cached";
    instance: string;
    key: Digest;
    by: "plan" | "key" | "other-run";
    /** Where the result was copied from, such as the address of a shared cache. */
    from?: string;
  }
  /** Another run is computing the same key. */
  | { type: "instance-waiting"; instance: string; key: Digest }
  | {
    type: "instance-started";
    instance: string;
    step: string;
    kind: string;
    key: Digest;
    attempt: number;
    reasons: readonly Reason[];
    estimateSeconds?: number;
    logPath: string;
  }
  | {
    type: "instance-progress";
    instance: string;
    /** Between 0 and 1. */
    fraction?: number;
    message?: string;
    /** Such as loss; with the message they make the curves of the report. */
    metrics?: Readonly<Record<string, number>>;
  }
  | { type: "instance-log"; instance: string; level: "info" | "warning"; message: string }
  | {
    type: "instance-retried";
    instance: string;
    /** The attempt that failed, from 1. */
    attempt: number;
    message: string;
    delaySeconds: number;
  }
  | {
    type: "instance-finished";
    instance: string;
    key: Digest;
    seconds: number;
    bytes: number;
    outputs: Readonly<Record<string, Digest>>;
    /** Its outputs are those of an earlier record, so that invalidation stops here. */
    unchanged: boolean;
  }
  | {
    type: "instance-failed";
    instance: string;
    message: string;
    /** Of a bug; user's errors have none. */
    stack?: string;
    logPath: string;
    lastLines: readonly string[];
    /** Keeps what the step had put when it failed; empty where the disk refused. */
    failedFolder: string;
  }
  | { type: "instance-interrupted"; instance: string; message: string }
  | { type: "instance-skipped"; instance: string; because: string }
  /** One key, two results: the step is not deterministic, or its code changed and its version did not. */
  | {
    type: "nondeterminism";
    instance: string;
    key: Digest;
    output: string;
    recorded: Digest;
    produced: Digest;
  }
  | { type: "corruption"; what: "object" | "record"; name: string; path: string }
  /** The shared cache was given up: what it would have had is computed. */
  | { type: "shared-cache-lost"; address: string; message: string }
  /** What a run has copied from the shared cache. */
  | { type: "shared-cache-read"; address: string; results: number; bytes: number }
  | { type: "published"; path: string; instance: string; output: string; state: "written" | "same" }
  | { type: "publish-failed"; path: string; message: string }
  | {
    type: "run-finished";
    run: string;
    status: RunStatus;
    counts: Counts;
    seconds: number;
  };

/** An event of a run, as `--json` prints it. `time` is ISO 8601 in UTC. */
export type EngineEvent = EventBody & { time: string };

/** Listens to a run; must not throw. */
export type EventListener = (event: EngineEvent) => void;

/** As one line of `events.jsonl`. */
export function encodeEvent(event: EngineEvent): string {
  return JSON.stringify(event satisfies object as unknown as Json) + "\n";
}
