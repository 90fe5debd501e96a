/**
 * What an instance's result depends on, and the key that is its digest.
 *
 * The parts are stored with the key, so that "why did it run" is a comparison. No path, time,
 * name of a step or number of threads is among them.
 */
import type { Digest, Json } from "../../workflow/step.ts";
import type { AxisValue } from "../../workflow/graph.ts";
import { canonicalJson } from "./canonical.ts";
import { digestOf } from "./digest.ts";

/** An input of a fan-in; its axes are visible to the step, so they belong to the key. */
export interface FanInElement {
  digest: Digest;
  axes: Readonly<Record<string, AxisValue>>;
}

export interface KeyParts {
  kind: string;
  /** Of the step kind. */
  version: number;
  /** Digest of the modules of a user's own step, or of those that a device step computes with. */
  code?: Digest;
  /** Without path parameters, unkeyed ones and the chain parameter. */
  params: Readonly<Record<string, Json>>;
  /** Path parameters by content: a digest, or lists and objects of digests. */
  paths: Readonly<Record<string, Json>>;
  /** The chain parameter, such as `epochs`. */
  position?: Readonly<Record<string, number>>;
  inputs: Readonly<Record<string, Digest | readonly FanInElement[]>>;
  /** Adapter, driver and kernel table, of device steps. */
  numericClass?: Json;
}

/** Raised when the meaning of the parts changes; every earlier record is then a miss. */
const KEY_VERSION = 1;

/** Key of a record. */
export function instanceKey(parts: KeyParts): Digest {
  return tagged("instance", parts as unknown as Json);
}

/** Key of a chain of intermediate records: all but the position reached. */
export function chainKey(parts: KeyParts): Digest {
  const { position: _, ...rest } = parts;
  return tagged("chain", rest as unknown as Json);
}

/** Key of the parts that are known before the inputs: equal for records that differ in inputs alone. */
export function shapeKey(parts: Omit<KeyParts, "inputs">): Digest {
  return tagged("shape", { ...parts, inputs: {} } as unknown as Json);
}

/** Key of a cached part of a step. */
export function memoKey(kind: string, version: number, code: Digest | undefined, key: Json) {
  return tagged("memo", code === undefined ? { kind, version, key } : { kind, version, code, key });
}

function tagged(tag: string, value: Json): Digest {
  return digestOf(`gyrus ${tag} ${KEY_VERSION}\n${canonicalJson(value)}`);
}
