/** The earlier record that an instance is compared with, which also gives the estimate of its cost. */
import { DataError } from "../../errors.ts";
import { OWN_LIMITS, parseJsonBytes } from "../../json.ts";
import { isTableOf } from "../store/checked.ts";
import { fileNameFor, isDigest } from "../store/digest.ts";
import type { Instance } from "../../workflow/graph.ts";
import type { Digest, Estimate } from "../../workflow/step.ts";
import type { KeyParts } from "../store/key.ts";
import { distance } from "./reason.ts";
import type { InstanceRecord } from "../store/record.ts";
import type { Store } from "../store/store.ts";

/** Newest records of a kind that are compared. */
const CANDIDATES = 16;
/** Instances of a kind that get a full search; the rest are compared with the newest record. */
const SEARCHES = 200;

/** Finds the nearest record: the same instance in the last run, else the most alike of its kind. */
export class NearestRecords {
  readonly #newest = new Map<string, InstanceRecord[]>();
  readonly #searches = new Map<string, number>();
  #last: Readonly<Record<string, Digest>> | undefined;

  constructor(readonly store: Store, readonly workflow: string) {}

  find(instance: Instance, parts: KeyParts | undefined): InstanceRecord | undefined {
    const kind = instance.kind.kind;
    const keys = this.#lastRun();
    const last = Object.hasOwn(keys, instance.name)
      ? this.store.record(keys[instance.name])
      : undefined;
    if (last?.parts.kind === kind) return last;
    const candidates = this.#newestOf(kind);
    if (parts === undefined) return candidates[0];
    const searches = (this.#searches.get(kind) ?? 0) + 1;
    this.#searches.set(kind, searches);
    if (searches > SEARCHES) return candidates[0];
    let best: InstanceRecord | undefined;
    let bestDistance = Infinity;
    for (const candidate of candidates) {
      const far = distance(candidate.parts, parts);
      if (far < bestDistance) [best, bestDistance] = [candidate, far];
    }
    return best;
  }

  /** Cost as the nearest record had it; less where training resumes. */
  estimate(instance: Instance, near: InstanceRecord | undefined, resumeFrom: number): Estimate {
    if (!near) return {};
    return {
      seconds: near.seconds * chainRatio(instance, near, resumeFrom),
      diskBytes: near.bytes,
      publishedBytes: Object.fromEntries(
        Object.entries(near.outputs).map(([output, { bytes }]) => [output, bytes]),
      ),
      ...(near.deviceBytes !== undefined && { deviceBytes: near.deviceBytes }),
      ...(near.memoryBytes !== undefined && { memoryBytes: near.memoryBytes }),
    };
  }

  #newestOf(kind: string): InstanceRecord[] {
    let records = this.#newest.get(kind);
    if (!records) {
      records = this.store.kinds.newest(kind, CANDIDATES)
        .map((key) => this.store.record(key)).filter((record) => record !== undefined);
      this.#newest.set(kind, records);
    }
    return records;
  }

  #lastRun(): Readonly<Record<string, Digest>> {
    return this.#last ??= readLastKeys(this.store, this.workflow);
  }
}

/** Epochs to train over epochs trained, for kinds with a chain. */
function chainRatio(instance: Instance, near: InstanceRecord, resumeFrom: number): number {
  const chain = instance.kind.chain;
  const target = chain === undefined ? undefined : instance.params[chain];
  const reached = chain === undefined ? undefined : near.parts.position?.[chain];
  if (typeof target !== "number" || reached === undefined) return 1;
  const trained = reached - (near.resumedFrom ?? 0);
  return trained > 0 ? Math.max(0, target - resumeFrom) / trained : 1;
}

function lastKeysPath(store: Store, workflow: string): string {
  return `${store.root}/runs/latest-${fileNameFor(workflow)}.json`;
}

/** Keys by instance of a workflow's last run; empty when there was none. */
export function readLastKeys(store: Store, workflow: string): Readonly<Record<string, Digest>> {
  const path = lastKeysPath(store, workflow);
  const bytes = store.files.readSync(path);
  if (!bytes) return {};
  try {
    const keys = parseJsonBytes(bytes, path, OWN_LIMITS);
    return isTableOf(keys, isDigest) ? keys : {};
  } catch (error) {
    if (error instanceof DataError) return {};
    throw error;
  }
}

/** Writes the keys for the next comparison; they need not survive a power failure. */
export async function writeLastKeys(
  store: Store,
  workflow: string,
  keys: Readonly<Record<string, Digest>>,
): Promise<void> {
  await store.replaceFile(lastKeysPath(store, workflow), JSON.stringify(keys), false);
}
