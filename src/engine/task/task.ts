/** One execution of an instance, on any thread: its inputs and its outputs. */
import { DataError } from "../../errors.ts";
import type { AxisValue } from "../../workflow/graph.ts";
import {
  type Artifact,
  type Blob,
  type CheckpointChain,
  type Digest,
  type Json,
  outputPorts,
  type Progress,
  type StepContext,
  type StepKind,
  type StepOutput,
} from "../../workflow/step.ts";
import { artifactIntact, openArtifact, storeOutput } from "../store/artifact.ts";
import { type Fingerprint, takeFingerprint } from "../store/fingerprint.ts";
import { memoKey } from "../store/key.ts";
import type { ManifestRef, OutputRef } from "../store/record.ts";
import type { Store } from "../store/store.ts";

/** An input bound with `[*]`. */
export interface AxedRef {
  ref: ManifestRef;
  axes: Readonly<Record<string, AxisValue>>;
}

/** What an execution needs; it can be sent to another thread. */
export interface Task {
  instance: string;
  kind: string;
  params: Readonly<Record<string, Json>>;
  inputs: Readonly<Record<string, ManifestRef | readonly AxedRef[]>>;
  /** Key of the chain of checkpoints, of kinds that have one. */
  chain?: Digest;
  /** The device part of the key, of kinds that run on a device. */
  numericClass?: Json;
  cpus: number;
  /** Memoized parts and checkpoints are computed again and not kept. */
  fresh?: boolean;
  /** Memoized parts and checkpoints from before this time are computed again; ISO 8601, UTC. */
  madeSince?: string;
}

export interface TaskResult {
  outputs: Readonly<Record<string, OutputRef>>;
  /** Position of the checkpoint that it started from. */
  resumedFrom?: number;
  /** Of the record, where the process that ran it has published that already. */
  published?: { seconds: number; bytes: number };
}

/** Receives reports of an execution while it runs. */
export interface TaskListener {
  log(level: "info" | "warning", message: string): void;
  progress(update: Progress): void;
  /** Something was stored, though the execution may yet fail. */
  stored(blob: Blob): void;
}

/**
 * Runs a step and stores its outputs; the caller publishes the record.
 * @throws whatever the step throws; {DataError} when a file outside changed meanwhile
 */
export async function execute(
  store: Store,
  kind: StepKind,
  task: Task,
  services: unknown,
  signal: AbortSignal,
  listener: TaskListener,
): Promise<TaskResult> {
  const watched = new Map<string, Fingerprint>();
  const result: { outputs: Record<string, OutputRef>; resumedFrom?: number } = { outputs: {} };
  const context: StepContext = {
    params: task.params,
    inputs: openInputs(store, kind, task),
    services,
    signal,
    cpus: task.cpus,
    log: (message) => listener.log("info", message),
    warn: (message) => listener.log("warning", message),
    progress: (update) => listener.progress(update),
    async put(bytes) {
      const blob = await store.putObject(bytes);
      listener.stored(blob);
      return blob;
    },
    async get(blob) {
      if (!store.hasObject(blob)) {
        const path = store.externals.locate(blob);
        if (path !== undefined && !watched.has(path)) watched.set(path, takeFingerprint(path));
      }
      return await store.getBlob(blob);
    },
    async external(path) {
      const before = watched.get(path) ?? takeFingerprint(path);
      watched.set(path, before);
      return await store.externals.digest(path, before);
    },
    memo: (key, compute) => memoize(store, kind, task, key, compute, listener),
    ...(task.chain !== undefined && {
      checkpoints: openCheckpointChain(store, kind, task, task.chain, listener, (position) => {
        result.resumedFrom = position;
      }),
    }),
  };
  try {
    signal.throwIfAborted();
    const returned = await kind.run(context);
    const ports = outputPorts(kind, task.params);
    checkNames(task, Object.keys(ports), returned);
    for (const [name, port] of Object.entries(ports)) {
      result.outputs[name] = await storeOutput(
        store,
        port,
        returned[name],
        `${task.instance}.${name}`,
      );
    }
    for (const [path, before] of watched) assertUnchanged(path, before);
    return result;
  } finally {
    await store.externals.flush();
    await store.sync();
  }
}

/** Lets a step check its inputs, all of which exist. @throws the problem that it finds */
export async function checkInputs(
  store: Store,
  kind: StepKind,
  task: Pick<Task, "params" | "inputs">,
): Promise<void> {
  await kind.checkInputs?.({ params: task.params, inputs: openInputs(store, kind, task) });
}

function openInputs(
  store: Store,
  kind: StepKind,
  task: Pick<Task, "inputs">,
): StepContext["inputs"] {
  const inputs: Record<string, Artifact | readonly Artifact[]> = {};
  for (const [port, input] of Object.entries(task.inputs)) {
    if (!isRef(input)) inputs[port] = input.map(({ ref, axes }) => openArtifact(store, ref, axes));
    else {
      const artifact = openArtifact(store, input);
      inputs[port] = kind.inputs[port]?.many ? [artifact] : artifact;
    }
  }
  return inputs;
}

/** Of every input. */
export function refsOf(inputs: Task["inputs"]): ManifestRef[] {
  return Object.values(inputs).flatMap((input) =>
    isRef(input) ? [input] : input.map(({ ref }) => ref)
  );
}

export function isRef(input: ManifestRef | readonly AxedRef[]): input is ManifestRef {
  return "digest" in input;
}

/** @throws {DataError} when a declared output was not returned, or the reverse */
function checkNames(
  task: Task,
  declared: readonly string[],
  returned: Readonly<Record<string, StepOutput>>,
): void {
  const missing = declared.find((name) =>
    !Object.hasOwn(returned, name) || returned[name] === undefined
  );
  if (missing !== undefined) {
    throw new DataError(`step kind ${task.kind}`, `run returned no output "${missing}"`);
  }
  const extra = Object.keys(returned).find((name) => !declared.includes(name));
  if (extra !== undefined) {
    throw new DataError(
      `step kind ${task.kind}`,
      `run returned an output "${extra}", which the kind doesn't declare`,
    );
  }
}

function assertUnchanged(path: string, before: Fingerprint): void {
  const now = takeFingerprint(path);
  const changed = Object.keys(before).some((field) => {
    return before[field as keyof Fingerprint] !== now[field as keyof Fingerprint];
  });
  if (changed) {
    throw new DataError(path, "changed while a step was reading it; nothing was kept, run again");
  }
}

async function memoize(
  store: Store,
  kind: StepKind,
  task: Task,
  key: Json,
  compute: () => Promise<Uint8Array>,
  listener: TaskListener,
): Promise<Blob> {
  const digest = memoKey(kind.kind, kind.version, kind.code, key);
  const known = store.memo(digest);
  if (known && mayReuse(task, known) && store.hasObject(known.blob)) return known.blob;
  const start = performance.now();
  const blob = await store.putObject(await compute());
  listener.stored(blob);
  if (store.writable && !task.fresh) {
    await store.publishRecord({
      type: "memo",
      key: digest,
      kind: kind.kind,
      blob,
      created: new Date().toISOString(),
      seconds: (performance.now() - start) / 1000,
    });
  }
  return blob;
}

/** Whether an execution may take what an earlier one has left. */
function mayReuse({ fresh, madeSince = "" }: Task, { created }: { created: string }): boolean {
  return !fresh && created >= madeSince;
}

function openCheckpointChain(
  store: Store,
  kind: StepKind,
  task: Task,
  key: Digest,
  listener: TaskListener,
  resumed: (position: number) => void,
): CheckpointChain {
  /** Objects that only the checkpoint saved before needs. */
  let superseded: Digest[] = [];
  return {
    async latest(upTo) {
      for (const record of store.chains.read(key)) {
        if (record.position > upTo || !mayReuse(task, record)) continue;
        // Where anything is missing or corrupt, an earlier checkpoint is taken.
        if (!await artifactIntact(store, record.artifact)) continue;
        resumed(record.position);
        return { position: record.position, artifact: openArtifact(store, record.artifact) };
      }
      return undefined;
    },
    async save(position, output, options) {
      const subject = `${task.instance} checkpoint ${position}`;
      const port = { type: "checkpoint", description: "state to go on from" };
      const stored = await storeOutput(store, port, output, subject);
      listener.stored(stored);
      if (!store.writable || task.fresh) return;
      await store.chains.publish({
        type: "chain",
        key,
        kind: kind.kind,
        position,
        final: options?.final ?? false,
        artifact: { digest: stored.digest, size: stored.size },
        bytes: stored.bytes,
        created: new Date().toISOString(),
      });
      for (const record of store.chains.read(key)) {
        if (record.position < position && !mayReuse(task, record)) store.chains.drop(record);
      }
      const own = options?.final ? [] : ownObjectsOf(store, stored, output);
      for (const digest of superseded) {
        if (!own.includes(digest)) store.discard(digest);
      }
      superseded = own;
    },
  };
}

/** Digests of a checkpoint's manifest and of the files that it returned as bytes, not as blobs. */
function ownObjectsOf(store: Store, ref: ManifestRef, output: StepOutput): Digest[] {
  const brought = openArtifact(store, ref).files.filter(({ path }) => {
    const content = output.files?.[path];
    return typeof content === "string" || content instanceof Uint8Array;
  });
  return [ref.digest, ...brought.map(({ digest }) => digest)];
}
