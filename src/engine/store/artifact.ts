/** Artifacts: storing what steps return, and opening what is stored. */
import { DataError } from "../../errors.ts";
import type { AxisValue } from "../../workflow/graph.ts";
import type { Artifact, ArtifactFile, OutputPort, StepOutput } from "../../workflow/step.ts";
import {
  checkArtifactPaths,
  decodeManifest,
  encodeManifest,
  type Manifest,
  sortedFiles,
} from "./manifest.ts";
import type { ManifestRef, OutputRef } from "./record.ts";
import type { Store } from "./store.ts";
import { ObjectError } from "./store_error.ts";

/**
 * Stores what a step returned for one output.
 *
 * @param subject the instance and output, for messages
 * @throws {DataError} on a path that leaves the artifact, or a blob that nobody stored
 */
export async function storeOutput(
  store: Store,
  port: OutputPort,
  output: StepOutput,
  subject: string,
): Promise<OutputRef> {
  const stored = await storeTree(store, port.type, port.list, output, subject);
  return { type: port.type, ...stored };
}

async function storeTree(
  store: Store,
  type: string,
  list: string | undefined,
  output: StepOutput,
  subject: string,
): Promise<Omit<OutputRef, "type">> {
  const files: ArtifactFile[] = [];
  let bytes = 0;
  const named = sortedFiles(output);
  // An element of a list is published as a folder that has its index as a name.
  const elements = (output.items ?? []).map((_, index) => String(index));
  checkArtifactPaths([...named.map(([path]) => path), ...elements], subject);
  for (const [path, content] of named) {
    const blob = typeof content === "string"
      ? await store.putObject(new TextEncoder().encode(content))
      : content instanceof Uint8Array
      ? await store.putObject(content)
      : { digest: content.digest, size: content.size };
    if (!store.hasBlob(blob)) {
      throw new ObjectError(blob.digest, "missing", `is named by ${subject} but not in the cache`);
    }
    files.push({ path, ...blob });
    bytes += blob.size;
  }
  if (list === undefined && output.items !== undefined) {
    throw new DataError(subject, "returned a list, but the output is not declared as one");
  }
  let items: ManifestRef[] | undefined;
  if (list !== undefined) {
    items = [];
    for (const [index, item] of (output.items ?? []).entries()) {
      const stored = await storeTree(store, list, undefined, item, `${subject}[${index}]`);
      items.push({ digest: stored.digest, size: stored.size });
      bytes += stored.bytes;
    }
  }
  const manifest = encodeManifest({
    type,
    meta: output.meta ?? {},
    files,
    ...(items && { items }),
  });
  const blob = await store.putObject(manifest);
  return { ...blob, bytes: bytes + manifest.length, ...(items && { items }) };
}

/**
 * A stored artifact as its consumer sees it; files are read when asked for.
 * @throws {ObjectError} when a manifest is missing or corrupt
 */
export function openArtifact(
  store: Store,
  ref: ManifestRef,
  axes?: Readonly<Record<string, AxisValue>>,
): Artifact {
  return openManifest(store, ref, readManifest(store, ref), axes);
}

function openManifest(
  store: Store,
  ref: ManifestRef,
  manifest: Manifest,
  axes?: Readonly<Record<string, AxisValue>>,
): Artifact {
  const byPath = new Map(manifest.files.map((file) => [file.path, file]));
  const read = async (path: string) => {
    const file = byPath.get(path);
    if (file) return await store.getBlob(file);
    throw new DataError(
      `artifact ${manifest.type} ${ref.digest}`,
      `has no file ${path}; it has ${[...byPath.keys()].slice(0, 5).join(", ") || "none"}`,
    );
  };
  return {
    type: manifest.type,
    digest: ref.digest,
    meta: manifest.meta,
    files: manifest.files,
    ...(manifest.items && {
      items: manifest.items.map((item) => openManifest(store, item, readElement(store, item))),
    }),
    ...(axes && { axes }),
    read,
    readText: async (path) => new TextDecoder().decode(await read(path)),
  };
}

function readManifest(store: Store, ref: ManifestRef): Manifest {
  return decodeManifest(store.getObjectSync(ref));
}

/** Elements of a list are no lists: manifests of lists of lists could name each other billions of times. */
function readElement(store: Store, ref: ManifestRef): Manifest {
  const manifest = readManifest(store, ref);
  if (manifest.items === undefined) return manifest;
  throw new DataError(`artifact ${ref.digest}`, "is a list within a list, as no step makes them");
}

/** Whether the manifest and everything that it names can be read, by presence and size. */
export function outputState(
  store: Store,
  ref: ManifestRef,
  read = readManifest,
): "present" | "missing" | "corrupt" {
  const state = store.objectState(ref);
  if (state !== "present") return state;
  try {
    const manifest = read(store, ref);
    for (const file of manifest.files) {
      const fileState = store.hasBlob(file) ? "present" : store.objectState(file);
      if (fileState !== "present") return fileState;
    }
    for (const item of manifest.items ?? []) {
      const itemState = outputState(store, item, readElement);
      if (itemState !== "present") return itemState;
    }
    return "present";
  } catch (error) {
    if (error instanceof ObjectError) return error.state;
    // No manifest, though its digest is right.
    if (error instanceof DataError) return "corrupt";
    throw error;
  }
}

/** Whether an artifact can be read, by reading every byte; what is corrupt is set aside. */
export async function artifactIntact(
  store: Store,
  ref: ManifestRef,
  read = readManifest,
): Promise<boolean> {
  try {
    const manifest = read(store, ref);
    for (const file of manifest.files) await store.getBlob(file);
    for (const item of manifest.items ?? []) {
      if (!await artifactIntact(store, item, readElement)) return false;
    }
    return true;
  } catch (error) {
    if (error instanceof DataError) return false;
    throw error;
  }
}
