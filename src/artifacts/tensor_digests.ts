/**
 * Digests of voxels as networks see them, by which the check for leakage finds one image under two
 * names: compressing it again or changing its header changes the digests of files, not these.
 */
import { OWN_LIMITS, parseJsonBytes } from "../json.ts";
import { readSafetensors } from "../formats/safetensors.ts";
import type { Artifact, StepContext } from "../workflow/step.ts";

interface Tensors {
  /** File of the `images` artifact. */
  path: string;
}

type Digested<S> = S & { tensorDigest?: string };

/** Reads the tensors of all samples, once for each set of them. */
export async function digestTensors<S extends Tensors>(
  images: Artifact,
  samples: readonly S[],
  context: Pick<StepContext, "get" | "memo" | "progress" | "signal">,
): Promise<Digested<S>[]> {
  const files = filesOf(images, samples);
  const byFile = new Map([...files].map(([path, file]) => [file, path]));
  const sorted = new TextEncoder().encode([...byFile.keys()].sort().join());
  const blob = await context.memo({ tensorsOf: await sha256(sorted) }, async () => {
    const digests: Record<string, string> = {};
    context.progress({ message: "compares voxels of participants" });
    for (const [file, path] of byFile) {
      context.signal.throwIfAborted();
      const digest = await digestFile(images, path);
      if (digest !== undefined) digests[file] = digest;
    }
    return new TextEncoder().encode(JSON.stringify(digests));
  });
  const found = parseJsonBytes(await context.get(blob), "digests of tensors", OWN_LIMITS);
  const digests = new Map(Object.entries(found as Record<string, string>));
  return samples.map((sample) => ({
    ...sample,
    tensorDigest: digests.get(files.get(sample.path)!),
  }));
}

/** Reads only tensors whose files are equal to another's; the other samples get no digest. */
export async function digestRepeatedTensors<S extends Tensors>(
  images: Artifact,
  samples: readonly S[],
): Promise<Digested<S>[]> {
  const digests = new Map<string, string | undefined>();
  const files = filesOf(images, samples);
  for (const paths of Map.groupBy(files.keys(), (path) => files.get(path)!).values()) {
    if (paths.length < 2) continue;
    const digest = await digestFile(images, paths[0]);
    for (const path of paths) digests.set(path, digest);
  }
  return samples.map((sample) => ({ ...sample, tensorDigest: digests.get(sample.path) }));
}

/** Digest of each sample's file, by path. */
function filesOf(images: Artifact, samples: readonly Tensors[]): Map<string, string> {
  const wanted = new Set(samples.map(({ path }) => path));
  return new Map(
    images.files.filter(({ path }) => wanted.has(path)).map(({ path, digest }) => [path, digest]),
  );
}

/** Undefined where all voxels are equal: blank tensors do not identify anybody. */
async function digestFile(images: Artifact, path: string): Promise<string | undefined> {
  const { data } = readSafetensors(await images.read(path), path).tensor("data");
  const values = data as Float32Array<ArrayBuffer>;
  if (values.every((value) => value === values[0])) return undefined;
  return await sha256(values);
}

async function sha256(data: BufferSource): Promise<string> {
  return `sha256-${new Uint8Array(await crypto.subtle.digest("SHA-256", data)).toHex()}`;
}
