/** From an execution's outputs to a record that the next run finds. */
import type { Digest } from "../../workflow/step.ts";
import { outputState } from "../store/artifact.ts";
import type { KeyParts } from "../store/key.ts";
import type { Outputs } from "../plan/keying.ts";
import { madeBy, type Store } from "../store/store.ts";
import type { TaskResult } from "../task/task.ts";

export interface Commission {
  key: Digest;
  parts: KeyParts;
  result: TaskResult;
  seconds: number;
  /** Lines that the step logged. */
  log: readonly string[];
  /** False: the outputs are for this run alone. */
  recorded: boolean;
  /** The outputs on record are known to be damaged. */
  replaces: boolean;
  onDifference: (difference: { output: string; recorded: Digest; produced: Digest }) => void;
}

export interface Committed {
  /** What consumers are to read. */
  outputs: Outputs;
  bytes: number;
  /** They are those of an earlier record of this key. */
  unchanged: boolean;
}

/** Publishes a record, unless there is one whose outputs are whole: then the first stands. */
export async function commit(store: Store, commission: Commission): Promise<Committed> {
  const { key, parts, result, seconds } = commission;
  const produced = result.outputs;
  const bytes = Object.values(produced).reduce((sum, output) => sum + output.bytes, 0);
  if (!commission.recorded) return { outputs: produced, bytes, unchanged: false };
  const earlier = store.record(key)?.outputs;
  if (earlier && sameOutputs(produced, earlier)) {
    return { outputs: produced, bytes, unchanged: true };
  }
  if (earlier) {
    for (const [output, { digest }] of Object.entries(produced)) {
      const recorded = earlier[output]?.digest;
      if (recorded === undefined || recorded === digest) continue;
      commission.onDifference({ output, recorded, produced: digest });
    }
    if (!commission.replaces && allPresent(store, earlier)) {
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
    ...(commission.log.length > 0 && { log: await storeLog(store, commission.log) }),
    made: madeBy(),
  });
  return { outputs: produced, bytes, unchanged: false };
}

async function storeLog(store: Store, lines: readonly string[]): Promise<Digest> {
  return (await store.putObject(new TextEncoder().encode(lines.join("\n") + "\n"))).digest;
}

/** Whether everything that the outputs are made of is there. */
export function allPresent(store: Store, outputs: Outputs): boolean {
  return Object.values(outputs).every((output) => outputState(store, output) === "present");
}

function sameOutputs(a: Outputs, b: Outputs): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length &&
    names.every((name) => a[name].digest === b[name]?.digest);
}
