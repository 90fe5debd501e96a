/** Source steps read files outside the store: they run while planning, and what they find is their key. */
import { StepError } from "../../errors.ts";
import type { Instance } from "../../workflow/graph.ts";
import type { EventBody } from "./events.ts";
import { instanceKey, type KeyParts } from "../store/key.ts";
import { type boundInputs, inputParts, type Keying } from "./keying.ts";
import { type InstanceRecord, madeBy } from "../store/record.ts";
import type { Store } from "../store/store.ts";
import { execute } from "../task/task.ts";

export interface SourceOptions {
  signal: AbortSignal;
  onEvent: (event: EventBody) => void;
}

/**
 * Runs a source step, and publishes a record if what it found is new. The key holds the outputs'
 * digests in place of paths, so that it stays the same when the data move.
 * @throws {StepError} naming the instance
 */
export async function recordSource(
  store: Store,
  keying: Keying,
  instance: Instance,
  inputs: NonNullable<ReturnType<typeof boundInputs>>,
  options: SourceOptions,
): Promise<{ record: InstanceRecord; isNew: boolean }> {
  const start = performance.now();
  const task = {
    instance: instance.name,
    kind: instance.kind.kind,
    params: instance.params,
    inputs,
    cpus: 0,
  };
  const result = await execute(store, instance.kind, task, undefined, options.signal, {
    log: (level, message) =>
      options.onEvent({ type: "instance-log", instance: instance.name, level, message }),
    progress: (update) =>
      options.onEvent({ type: "instance-progress", instance: instance.name, ...update }),
    stored: () => {},
  }).catch((cause) => {
    if (options.signal.aborted || !(cause instanceof Error)) throw cause;
    throw new StepError(instance.name, cause.message, undefined, { cause });
  });
  const digests = Object.fromEntries(
    Object.entries(result.outputs).map(([name, ref]) => [name, ref.digest]),
  );
  const parts: KeyParts = {
    ...await keying.fixedParts(instance),
    paths: { outputs: digests },
    inputs: inputParts(inputs),
  };
  const key = instanceKey(parts);
  const known = store.record(key);
  if (known) return { record: known, isNew: false };
  const record: InstanceRecord = {
    type: "instance",
    key,
    parts,
    outputs: result.outputs,
    created: new Date().toISOString(),
    seconds: (performance.now() - start) / 1000,
    bytes: Object.values(result.outputs).reduce((sum, output) => sum + output.bytes, 0),
    made: madeBy(),
  };
  if (store.writable) await store.publishRecord(record);
  return { record, isNew: true };
}
