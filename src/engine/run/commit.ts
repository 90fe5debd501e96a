/** Publishes the outputs of an execution as a record, which the next run finds. */
import type { Digest } from "../../workflow/step.ts";
import { outputState } from "../store/artifact.ts";
import type { KeyParts } from "../store/key.ts";
import type { OutputRefs } from "../plan/keying.ts";
import { madeBy } from "../store/record.ts";
import type { Store } from "../store/store.ts";
import type { TaskResult } from "../task/task.ts";

export interface CommitRequest {
  key: Digest;
  parts: KeyParts;
  result: TaskResult;
  seconds: number;
  /** Lines that the step logged. */
  log: readonly string[];
  /** False when the outputs are for this run alone. */
  recorded: boolean;
  /** The recorded outputs are known to be missing or corrupt. */
  replaces: boolean;
  /** Where the record of an earlier run stays, it gets the time of now: another process waits for that. */
  renews?: boolean;
  /** See {@link InstanceRecord.memoryBytes}. */
  memoryBytes?: number;
  onDifference: (difference: { output: string; recorded: Digest; produced: Digest }) => void;
}

export interface CommitResult {
  /** Outputs that consumers read. */
  outputs: OutputRefs;
  bytes: number;
  /** Whether they equal those of an earlier record of this key. */
  unchanged: boolean;
}

/** Publishes a record, unless there is one whose outputs are intact: that one stays. */
export async function commit(store: Store, request: CommitRequest): Promise<CommitResult> {
  const { key, parts, result, seconds } = request;
  const produced = result.outputs;
  const bytes = Object.values(produced).reduce((sum, output) => sum + output.bytes, 0);
  if (!request.recorded) return { outputs: produced, bytes, unchanged: false };
  const record = store.record(key);
  const earlier = record?.outputs;
  const renew = async () => {
    if (record && request.renews) {
      await store.publishRecord({ ...record, created: new Date().toISOString() });
    }
  };
  if (earlier && sameOutputs(produced, earlier)) {
    await renew();
    return { outputs: produced, bytes, unchanged: true };
  }
  if (earlier) {
    for (const [output, { digest }] of Object.entries(produced)) {
      const recorded = earlier[output]?.digest;
      if (recorded === undefined || recorded === digest) continue;
      request.onDifference({ output, recorded, produced: digest });
    }
    if (!request.replaces && allPresent(store, earlier)) {
      await renew();
      return { outputs: earlier, bytes, unchanged: false };
    }
  }
  await store.publishRecord({
    type: "instance",
    key,
    parts,
    outputs: produced,
    created: new Date().toISOString(),
    seconds,
    ...(result.resumedFrom !== undefined && { resumedFrom: result.resumedFrom }),
    bytes,
    ...(request.memoryBytes !== undefined && { memoryBytes: request.memoryBytes }),
    ...(request.log.length > 0 && { log: await storeLog(store, request.log) }),
    made: madeBy(),
  });
  return { outputs: produced, bytes, unchanged: false };
}

async function storeLog(store: Store, lines: readonly string[]): Promise<Digest> {
  return (await store.putObject(new TextEncoder().encode(lines.join("\n") + "\n"))).digest;
}

/** Whether all manifests and files of the outputs are present. */
export function allPresent(store: Store, outputs: OutputRefs): boolean {
  return Object.values(outputs).every((output) => outputState(store, output) === "present");
}

/** Whether two results have the same bytes. */
export function sameOutputs(a: OutputRefs, b: OutputRefs): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length &&
    names.every((name) => a[name].digest === b[name]?.digest);
}
