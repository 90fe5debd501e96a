/**
 * In a folder that was made from a bundle, source steps whose data stayed elsewhere: what they found
 * there is in the bundle, so that the rest can be continued from.
 */
import { statIfPresent } from "../../disk/read.ts";
import { isJsonObject, OWN_LIMITS, parseJsonBytes } from "../../json.ts";
import type { Instance } from "../../workflow/graph.ts";
import type { Digest, Json } from "../../workflow/step.ts";
import { isTableOf } from "../store/checked.ts";
import { isDigest } from "../store/digest.ts";
import { instanceKey } from "../store/key.ts";
import type { InstanceRecord } from "../store/record.ts";
import type { Store } from "../store/store.ts";
import { type boundInputs, inputParts, type Keying } from "./keying.ts";

function bundledPath(store: Store): string {
  return `${store.root}/bundled.json`;
}

/** Keeps the keys of the source instances of a bundle, by name of the instance. */
export async function writeBundledSources(
  store: Store,
  sources: Readonly<Record<string, Digest>>,
): Promise<void> {
  await store.replaceFile(bundledPath(store), JSON.stringify({ sources }), true);
}

/**
 * The record of a source instance, where a path that it names is not on this machine and the bundle has
 * it for the same parameters; undefined otherwise.
 */
export async function findBundledSource(
  store: Store,
  keying: Keying,
  instance: Instance,
  inputs: NonNullable<ReturnType<typeof boundInputs>>,
): Promise<InstanceRecord | undefined> {
  const sources = readSources(store);
  if (!Object.hasOwn(sources, instance.name)) return undefined;
  const paths = instance.kind.pathParameters.flatMap((name) =>
    texts(instance.params[name] ?? null)
  );
  if (paths.every((path) => statIfPresent(path) !== undefined)) return undefined;
  const record = store.record(sources[instance.name]);
  if (!record) return undefined;
  const parts = {
    ...await keying.fixedParts(instance),
    paths: record.parts.paths,
    inputs: inputParts(inputs),
  };
  return instanceKey(parts) === record.key ? record : undefined;
}

function readSources(store: Store): Readonly<Record<string, Digest>> {
  const path = bundledPath(store);
  const bytes = store.files.readSync(path);
  if (!bytes) return {};
  const value = parseJsonBytes(bytes, path, OWN_LIMITS);
  return isJsonObject(value) && isTableOf(value.sources, isDigest) ? value.sources : {};
}

function texts(value: Json): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.flatMap(texts) : [];
}
