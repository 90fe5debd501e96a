/**
 * What a run leaves under `runs/<id>/`:
 *
 *     run.json        the run record
 *     events.jsonl    one line for each event
 *     logs/           a file for each instance that logged or failed
 *     failed/         a folder for each failed instance: failure.json has its task and error,
 *                     stored/ what it had stored, in order
 *     lock            locked while the run is alive
 */
import { FileLock } from "../../disk/lock.ts";
import { DataError } from "../../errors.ts";
import { isJsonObject, OWN_LIMITS, parseJson, parseJsonBytes } from "../../json.ts";
import type { AxisValue, Binding } from "../../workflow/graph.ts";
import type { Blob, Digest, Json } from "../../workflow/step.ts";
import { digestOf, hexOf } from "../store/digest.ts";
import { writeLastKeys } from "../plan/nearest.ts";
import { encodeEvent, type EngineEvent, type Outcome, type RunStatus } from "../plan/events.ts";
import type { Reason } from "../plan/reason.ts";
import { isRunRecord } from "./run_record.ts";
import type { OutputRef } from "../store/record.ts";
import type { Store } from "../store/store.ts";
import type { Task } from "../task/task.ts";

export interface InstanceEntry {
  name: string;
  step: string;
  kind: string;
  version: number;
  axes: Readonly<Record<string, AxisValue>>;
  params: Readonly<Record<string, Json>>;
  inputs: Readonly<Record<string, Binding | readonly Binding[]>>;
  outcome: Outcome | "pending";
  keep: boolean;
  key?: Digest;
  reasons: readonly Reason[];
  /** ISO 8601, UTC; of this run's execution. */
  started?: string;
  finished?: string;
  seconds?: number;
  outputs?: Readonly<Record<string, OutputRef>>;
  /** Where its record was copied from: the address of a shared cache, or the name of a bundle. */
  from?: string;
  message?: string;
  logPath?: string;
}

/** Arguments that change what a workflow file means, as on the command line. */
export interface RunRequest {
  set?: readonly string[];
  sweep?: readonly string[];
  includeFrom?: readonly string[];
  profile?: string;
  targets?: readonly string[];
  /** Name of the search whose trials the run computed. */
  search?: string;
}

export interface RunRecord {
  version: 1;
  id: string;
  status: RunStatus | "running";
  workflow: {
    name: string;
    description?: string;
    /** Absolute paths; facts for people, never part of a key. */
    file: string;
    folder: string;
    sources: Readonly<Record<string, string>>;
    params: Readonly<Record<string, Json>>;
  };
  /** What the file was read with. */
  request?: RunRequest;
  instances: readonly InstanceEntry[];
  publications: readonly (Binding & { path: string; isFile: boolean })[];
  started: string;
  finished?: string;
  seconds?: number;
  /** Numeric class, when a device was used. */
  device?: Json;
  versions: Readonly<Record<string, string>>;
}

/** Sorts by time. */
export function newRunId(now: Date): string {
  const time = now.toISOString().slice(0, 23).replace(/[:.]/g, "-");
  return `${time}-${crypto.randomUUID().slice(0, 6)}`;
}

/** Whether a name in `runs/` can be a run's. */
export function isRunId(name: string): boolean {
  return /^\d{4}-\d\d-\d\dT[\d-]{12}-[0-9a-f]{6}$/.test(name);
}

export function runPath(store: Store, id: string): string {
  return `${store.root}/runs/${id}`;
}

/** Lines that an instance logged in a run, those of source steps included; empty without a log. */
export function readLog(store: Store, id: string, instance: string): string[] {
  const bytes = store.files.readSync(logPath(store, id, instance));
  return bytes ? new TextDecoder().decode(bytes).trimEnd().split("\n") : [];
}

/** Where an instance's log goes. */
export function logPath(store: Store, id: string, instance: string): string {
  return `${runPath(store, id)}/logs/${fileNameOf(instance)}.log`;
}

/** Characters of a plain name: with a digest and an ending it stays below what any disk takes. */
const MAX_NAME = 100;

/** No two instances have the same: `train,fold=2`; where that is long or odd, its start and a digest. */
function fileNameOf(instance: string): string {
  // Names of steps have no comma.
  const name = instance.replace(/^([\w-]+)\[(.*)\]$/, "$1,$2");
  if (name.length <= MAX_NAME && /^[\w.,=+-]+$/.test(name)) return name;
  const start = name.slice(0, MAX_NAME).replace(/[^\w.,=+-]/g, "_");
  return `${start}~${hexOf(digestOf(instance)).slice(0, 16)}`;
}

/** Writes the files of one run. Events are gathered and written together. */
export class RunFolder {
  readonly path: string;
  #pending: string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #lock: FileLock | undefined;
  /** Why something could not be written. A full disk must not stop steps that need none. */
  problem?: DataError;

  /** @param live whether steps will run: events are then written as they come, for the live view */
  constructor(readonly store: Store, readonly id: string, readonly live = true) {
    this.path = runPath(store, id);
    store.files.makeFolder(`${this.path}/logs`);
    this.#lock = FileLock.tryTake(lockPath(store, id));
  }

  event(event: EngineEvent): void {
    this.#pending.push(encodeEvent(event));
    // Not for a run with nothing to do: timers take 7 ms to load.
    if (this.live) this.#timer ??= setTimeout(() => this.flush(), 200);
  }

  flush(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.length === 0) return;
    const text = this.#pending.join("");
    this.#pending = [];
    this.attempt(() => this.store.files.append(`${this.path}/events.jsonl`, text));
  }

  log(instance: string, level: "info" | "warning" | "error", message: string): void {
    const path = logPath(this.store, this.id, instance);
    const line = level === "info" ? message : `${level}: ${message}`;
    this.attempt(() => this.store.files.append(path, line + "\n"));
  }

  /** Runs an action; a refusal of the disk is kept in {@link problem}. Returns whether it worked. */
  attempt(action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      this.#remember(error);
      return false;
    }
  }

  #remember(error: unknown): void {
    if (!(error instanceof DataError)) throw error;
    this.problem ??= error;
  }

  /** Last lines of an instance's log; none where the disk refuses. */
  tail(instance: string, count: number): string[] {
    let lines: string[] = [];
    this.attempt(() => lines = readLog(this.store, this.id, instance).slice(-count));
    return lines;
  }

  /** @param durable whether it must survive a power failure: not if nothing was executed */
  async write(record: RunRecord, durable: boolean): Promise<void> {
    try {
      await this.store.replaceFile(`${this.path}/run.json`, JSON.stringify(record), durable);
    } catch (error) {
      this.#remember(error);
    }
  }

  /** See {@link writeLastKeys}. */
  async writeLastKeys(workflow: string, keys: Readonly<Record<string, Digest>>): Promise<void> {
    try {
      await writeLastKeys(this.store, workflow, keys);
    } catch (error) {
      this.#remember(error);
    }
  }

  close(): void {
    this.flush();
    this.#lock?.release();
  }
}

/** The folder that {@link keepFailure} writes. */
export function failedPath(store: Store, id: string, instance: string): string {
  return `${runPath(store, id)}/failed/${fileNameOf(instance)}`;
}

/**
 * Keeps what is needed to examine a failure: the task, what the step had stored, and the error. Stored
 * objects get a second name there, which stays as long as the run.
 *
 * @returns the folder; an empty text where the disk refused
 */
export function keepFailure(
  folder: RunFolder,
  instance: string,
  failure: { task: Task; stored: readonly Blob[] } | undefined,
  error: string,
): string {
  const { store } = folder;
  const path = failedPath(store, folder.id, instance);
  const kept = folder.attempt(() => {
    store.files.makeFolder(`${path}/stored`);
    const stored = failure?.stored.map((blob, index) => {
      const file = `stored/${index}-${hexOf(blob.digest).slice(0, 12)}`;
      const object = store.objectPath(blob.digest);
      if (store.files.size(object) === undefined) return blob;
      store.files.link(object, `${path}/${file}`);
      return { ...blob, file };
    });
    const facts = { instance, error, task: failure?.task, stored };
    store.files.append(`${path}/failure.json`, JSON.stringify(facts, undefined, 2) + "\n");
  });
  return kept ? path : "";
}

/** Ids of the runs that left a record, newest first. */
export function listRuns(store: Store): string[] {
  return store.files.list(`${store.root}/runs`)
    .filter((name) => store.files.size(`${store.root}/runs/${name}/run.json`) !== undefined)
    .sort().reverse();
}

/** Undefined when there is no such run, or its record is torn. */
export function readRun(store: Store, id: string): RunRecord | undefined {
  const path = `${runPath(store, id)}/run.json`;
  const bytes = store.files.readSync(path);
  if (!bytes) return undefined;
  try {
    const value = parseJsonBytes(bytes, path, OWN_LIMITS);
    const record = isRunRecord(value) ? value as RunRecord : undefined;
    return record?.id === id ? record : undefined;
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}

/** Held while the run is alive. */
function lockPath(store: Store, id: string): string {
  return `${runPath(store, id)}/lock`;
}

/** A run that wrote nothing for this long counts as dead on a disk without locks; milliseconds. */
const SILENCE = 3_600_000;

/** Whether the process of a run is still alive. */
export function isAlive(store: Store, id: string): boolean {
  const state = FileLock.state(lockPath(store, id));
  if (state !== "unknown") return state === "held";
  const spoke = store.files.stat(`${runPath(store, id)}/events.jsonl`)?.changed ?? 0;
  return Date.now() - spoke < SILENCE;
}

/** The events of a run, in order; a torn last line is left out. */
export function readEvents(store: Store, id: string): EngineEvent[] {
  const bytes = store.files.readSync(`${runPath(store, id)}/events.jsonl`);
  if (!bytes) return [];
  return new TextDecoder().decode(bytes).split("\n").flatMap((line) => {
    try {
      const event = line === "" ? undefined : parseJson(line, "an event", OWN_LIMITS);
      return isJsonObject(event) && typeof event.type === "string" ? [event as EngineEvent] : [];
    } catch (error) {
      if (error instanceof DataError) return [];
      throw error;
    }
  });
}
