/**
 * A plan as jobs read it: every instance with its parameters, its inputs and what its key consists of.
 * It names instances whose keys nobody knows yet; a job makes the key of its own from its real inputs.
 *
 * The file is written once and never changed, so that an edit of the workflow file reaches no job.
 */
import { DataError } from "../../errors.ts";
import { isJsonObject, OWN_LIMITS, parseJsonBytes } from "../../json.ts";
import type { Binding, Instance } from "../../workflow/graph.ts";
import type { Digest, Json } from "../../workflow/step.ts";
import { isDigest } from "../store/digest.ts";
import type { KeyParts } from "../store/key.ts";

export type FrozenInstance =
  & Pick<Instance, "name" | "step" | "axes" | "params" | "inputs" | "needs" | "execution">
  & {
    kind: string;
    /** Of all that the key consists of but the inputs. */
    shape: Digest;
    /** Path parameters by content. */
    paths: KeyParts["paths"];
    /** Of source steps, which were read while planning. */
    key?: Digest;
    /** Runs even if it has a record from before this time; ISO 8601, UTC. */
    madeSince?: string;
  };

export interface FrozenPlan {
  version: 1;
  workflow: { name: string; file: string; folder: string };
  /** Absolute paths, the one that is written to first. */
  cache: readonly string[];
  kinds: Readonly<Record<string, { version: number; code?: Digest; module?: string }>>;
  /** Device parts of the keys, by policy. */
  numericClasses: Readonly<Record<string, Json>>;
  /** In the workflow's order; jobs name their instance by its position. */
  instances: readonly FrozenInstance[];
}

/** @throws {DataError} when the file is absent or no frozen plan */
export function readFrozenPlan(path: string, bytes: Uint8Array | undefined): FrozenPlan {
  if (!bytes) throw new DataError(path, "no such file; `gyrus run FILE --profile NAME` writes it");
  const value = parseJsonBytes(bytes, path, OWN_LIMITS);
  if (!isFrozenPlan(value)) {
    throw new DataError(path, "is not a frozen plan; `gyrus run FILE --profile NAME` writes one");
  }
  return value;
}

function isFrozenPlan(value: unknown): value is FrozenPlan {
  if (!isJsonObject(value) || value.version !== 1) return false;
  const { workflow, cache, kinds, numericClasses, instances } = value;
  return isJsonObject(workflow) && [workflow.name, workflow.file, workflow.folder].every(isText) &&
    Array.isArray(cache) && cache.length > 0 && cache.every(isText) &&
    isJsonObject(kinds) && Object.values(kinds).every(isKind) && isJsonObject(numericClasses) &&
    Array.isArray(instances) && instances.every((each) => isFrozenInstance(each, kinds));
}

function isKind(value: unknown): boolean {
  return isJsonObject(value) && typeof value.version === "number" &&
    (value.code === undefined || isDigest(value.code)) &&
    (value.module === undefined || isText(value.module));
}

function isFrozenInstance(value: unknown, kinds: object): boolean {
  return isJsonObject(value) && [value.name, value.step, value.kind].every(isText) &&
    Object.hasOwn(kinds, value.kind as string) && isJsonObject(value.axes) &&
    isJsonObject(value.params) && isJsonObject(value.paths) && isDigest(value.shape) &&
    (value.key === undefined || isDigest(value.key)) &&
    (value.madeSince === undefined || isText(value.madeSince)) &&
    isJsonObject(value.execution) && isJsonObject(value.execution.resources) &&
    Array.isArray(value.needs) && value.needs.every(isText) && isJsonObject(value.inputs) &&
    Object.values(value.inputs).every((input) => [input].flat().every(isBinding));
}

function isBinding(value: unknown): value is Binding {
  return isJsonObject(value) && isText(value.instance) && isText(value.output) &&
    (value.index === undefined || Number.isSafeInteger(value.index));
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
