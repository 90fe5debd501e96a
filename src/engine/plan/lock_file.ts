/** `workflow.lock.json`: the step kinds and inputs of a workflow, so that `--frozen` can refuse a change. */
import { DataError } from "../../errors.ts";
import { isJsonObject, OWN_LIMITS, parseJson } from "../../json.ts";
import type { Digest } from "../../workflow/step.ts";
import { isTableOf } from "../store/checked.ts";
import { isDigest } from "../store/digest.ts";
import { sameJson } from "../store/canonical.ts";
import type { Plan } from "./plan.ts";
import type { Json } from "../../workflow/step.ts";

export interface LockFile {
  version: 1;
  /** Step kinds by name. */
  kinds: Readonly<Record<string, { version: number; code?: Digest }>>;
  /** What source steps found, by instance and output. */
  sources: Readonly<Record<string, Readonly<Record<string, Digest>>>>;
  /** Content of path parameters, by instance and parameter. */
  paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
}

export const LOCK_FILE = "workflow.lock.json";

/** @param earlier what it has of instances that the plan is not about remains */
export function lockOf(plan: Plan, earlier?: LockFile): LockFile {
  // Without a prototype: a kind may be called `__proto__`.
  const kinds: Record<string, { version: number; code?: Digest }> = Object.create(null);
  const sources: Record<string, Record<string, Digest>> = {};
  const paths: Record<string, Readonly<Record<string, Json>>> = {};
  for (const { instance, state, parts, paths: waiting, outputs } of plan.instances) {
    const { kind, version, code } = instance.kind;
    kinds[kind] = { version, ...(code !== undefined && { code }) };
    if (state === "unwanted" && earlier) {
      const { name } = instance;
      if (Object.hasOwn(earlier.sources, name)) sources[name] = { ...earlier.sources[name] };
      if (Object.hasOwn(earlier.paths, name)) paths[name] = earlier.paths[name];
      if (Object.hasOwn(sources, name) || Object.hasOwn(paths, name)) continue;
    }
    if (instance.kind.source && outputs) {
      sources[instance.name] = Object.fromEntries(
        Object.entries(outputs).map(([name, output]) => [name, output.digest]),
      );
      continue;
    }
    const contents = parts?.paths ?? waiting ?? {};
    if (Object.keys(contents).length > 0) paths[instance.name] = contents;
  }
  return {
    version: 1,
    kinds: sortByName(kinds),
    sources: sortByName(sources),
    paths: sortByName(paths),
  };
}

export function encodeLock(lock: LockFile): string {
  return JSON.stringify(lock, undefined, 2) + "\n";
}

/** Undefined for a text that is no lock file: it is torn, or somebody else's. */
export function decodeLock(text: string): LockFile | undefined {
  let value: unknown;
  try {
    value = parseJson(text, LOCK_FILE, OWN_LIMITS);
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
  const isKind = (kind: unknown): kind is LockFile["kinds"][string] =>
    isJsonObject(kind) && typeof kind.version === "number" &&
    (kind.code === undefined || isDigest(kind.code));
  const isOutputs = (outputs: unknown) => isTableOf(outputs, isDigest);
  const valid = isJsonObject(value) && value.version === 1 && isTableOf(value.kinds, isKind) &&
    isJsonObject(value.sources) && Object.values(value.sources).every(isOutputs) &&
    isTableOf(value.paths, isJsonObject);
  return valid ? value as unknown as LockFile : undefined;
}

/** What has changed since the lock was written, a line each. */
export function findDrift(lock: LockFile, plan: Plan): string[] {
  const now = lockOf(plan, lock);
  return [
    ...compareEntries((name) => `step kind ${name}`, lock.kinds, now.kinds),
    ...compareEntries((name) => `what ${name} reads`, lock.sources, now.sources),
    ...compareEntries((name) => `a file that ${name} names`, lock.paths, now.paths),
  ];
}

function compareEntries(
  what: (name: string) => string,
  old: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): string[] {
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].sort().flatMap((name) => {
    if (!Object.hasOwn(now, name)) {
      return [`${what(name)} is in the lock file and not in the workflow`];
    }
    if (!Object.hasOwn(old, name)) return [`${what(name)} is not in the lock file`];
    return sameJson(old[name] as Json, now[name] as Json) ? [] : [`${what(name)} has changed`];
  });
}

function sortByName<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => a < b ? -1 : 1));
}
