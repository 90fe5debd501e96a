/** One execution of one instance, on whichever thread: what goes in, what comes out. */
import { DataError } from "../../errors.ts";
import type { AxisValue } from "../../workflow/graph.ts";
import type {
  Artifact,
  Blob,
  CheckpointChain,
  Digest,
  Json,
  OutputPort,
  Progress,
  StepContext,
  StepKind,
  StepOutput,
} from "../../workflow/step.ts";
import { artifactIntact, openArtifact, storeOutput } from "../store/artifact.ts";
import { type Fingerprint, fingerprint } from "../store/externals.ts";
import { memoKey } from "../store/key.ts";
import type { ManifestRef, OutputRef } from "../store/record.ts";
import type { Store } from "../store/store.ts";

/** An input bound with `[*]`. */
export interface AxedRef {
  ref: ManifestRef;
  axes: Readonly<Record<string, AxisValue>>;
}

/** Everything that an execution is told; it can be sent to another thread. */
export interface Task {
  instance: string;
  kind: string;
  params: Readonly<Record<string, Json>>;
  inputs: Readonly<Record<string, ManifestRef | readonly AxedRef[]>>;
  /** Key of the chain of checkpoints, of kinds that have one. */
  chain?: Digest;
  /** What the key says of the device, of kinds that run on one. */
  numericClass?: Json;
  cpus: number;
  /** Memoized parts and checkpoints are made anew and not kept. */
  fresh?: boolean;
}

export interface TaskResult {
  outputs: Readonly<Record<string, OutputRef>>;
  /** Position of the checkpoint that was asked for and found. */
  resumedFrom?: number;
}

/** Hears of an execution while it goes on. */
export interface TaskListener {
  log(level: "info" | "warning", message: string): void;
  progress(update: Progress): void;
  /** Something was stored, though the execution may yet fail. */
  stored(blob: Blob): void;
}

/** Outputs that a kind has with these parameters. */
export function outputPorts(
  kind: StepKind,
  params: Readonly<Record<string, Json>>,
): Readonly<Record<string, OutputPort>> {
  return typeof kind.outputs === "function" ? kind.outputs(params) : kind.outputs;
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
        if (path !== undefined && !watched.has(path)) watched.set(path, fingerprint(path));
      }
      return await store.getBlob(blob);
    },
    async external(path) {
      if (!watched.has(path)) watched.set(path, fingerprint(path));
      return await store.externals.digest(path);
    },
    memo: (key, compute) => memoized(store, kind, task, key, compute, listener),
    ...(task.chain !== undefined && {
      checkpoints: checkpointChain(store, kind, task, task.chain, listener, (position) => {
        result.resumedFrom = position;
      }),
    }),
  };
  try {
    signal.throwIfAborted();
    const drafts = await kind.run(context);
    const ports = outputPorts(kind, task.params);
    checkNames(task, Object.keys(ports), drafts);
    for (const [name, port] of Object.entries(ports)) {
      result.outputs[name] = await storeOutput(
        store,
        port,
        drafts[name],
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

/** Lets a step look at inputs that are there. @throws what it says of them */
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

export function isRef(input: ManifestRef | readonly AxedRef[]): input is ManifestRef {
  return "digest" in input;
}

/** A returned output that is not declared, or the reverse, is a problem of the step. */
function checkNames(
  task: Task,
  declared: readonly string[],
  drafts: Readonly<Record<string, StepOutput>>,
): void {
  const missing = declared.find((name) => drafts[name] === undefined);
  if (missing !== undefined) {
    throw new DataError(`step kind ${task.kind}`, `run returned no output "${missing}"`);
  }
  const extra = Object.keys(drafts).find((name) => !declared.includes(name));
  if (extra !== undefined) {
    throw new DataError(
      `step kind ${task.kind}`,
      `run returned an output "${extra}", which the kind doesn't declare`,
    );
  }
}

function assertUnchanged(path: string, before: Fingerprint): void {
  const now = fingerprint(path);
  const changed = Object.keys(before).some((field) => {
    return before[field as keyof Fingerprint] !== now[field as keyof Fingerprint];
  });
  if (changed) {
    throw new DataError(path, "changed while a step was reading it; nothing was kept, run again");
  }
}

async function memoized(
  store: Store,
  kind: StepKind,
  task: Task,
  key: Json,
  compute: () => Promise<Uint8Array>,
  listener: TaskListener,
): Promise<Blob> {
  const digest = memoKey(kind.kind, kind.version, kind.code, key);
  const known = store.memo(digest);
  if (known && !task.fresh && store.hasObject(known.blob)) return known.blob;
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

function checkpointChain(
  store: Store,
  kind: StepKind,
  task: Task,
  key: Digest,
  listener: TaskListener,
  resumed: (position: number) => void,
): CheckpointChain {
  /** What only the checkpoint saved before needs. */
  let superseded: Digest[] = [];
  return {
    async latest(upTo) {
      if (task.fresh) return undefined;
      for (const record of store.chain(key)) {
        if (record.position > upTo) continue;
        // One of which anything is missing or corrupt is passed over for an earlier one.
        if (!await artifactIntact(store, record.artifact)) continue;
        resumed(record.position);
        return { position: record.position, artifact: openArtifact(store, record.artifact) };
      }
      return undefined;
    },
    async save(position, draft, options) {
      const subject = `${task.instance} checkpoint ${position}`;
      const port = { type: "checkpoint", description: "state to go on from" };
      const stored = await storeOutput(store, port, draft, subject);
      listener.stored(stored);
      if (!store.writable || task.fresh) return;
      await store.publishCheckpoint({
        type: "chain",
        key,
        kind: kind.kind,
        position,
        final: options?.final ?? false,
        artifact: { digest: stored.digest, size: stored.size },
        bytes: stored.bytes,
        created: new Date().toISOString(),
      });
      const own = options?.final ? [] : ownObjects(store, stored, draft);
      for (const digest of superseded) {
        if (!own.includes(digest)) store.discard(digest);
      }
      superseded = own;
    },
  };
}

/** Digests of a checkpoint's manifest and of the files whose bytes it brought itself. */
function ownObjects(store: Store, ref: ManifestRef, draft: StepOutput): Digest[] {
  const brought = openArtifact(store, ref).files.filter(({ path }) => {
    const content = draft.files?.[path];
    return typeof content === "string" || content instanceof Uint8Array;
  });
  return [ref.digest, ...brought.map(({ digest }) => digest)];
}
