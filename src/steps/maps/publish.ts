/** A `maps` artifact as the folder that ClinicaDL reads. */
import { readSafetensors } from "../../formats/safetensors.ts";
import { weightsParts } from "../../maps/weights.ts";
import type { Artifact, ArtifactFile, PublishTarget } from "../../workflow/step.ts";

/** Files that are converted and written at a time; each is in memory. */
const SIDE_BY_SIDE = 2;

/** Where the artifact keeps, as safetensors, what is published as a PyTorch checkpoint. */
export function storedPath(published: string): string {
  return published.replace(/\.pth\.tar$/, ".safetensors");
}

export async function publishMaps(artifact: Artifact, target: PublishTarget): Promise<void> {
  const files = artifact.files.values();
  // Each takes the next file when it is done with one; iterators are shared.
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, async () => {
    for (const file of files) await publishFile(artifact, file, target);
  }));
}

async function publishFile(
  artifact: Artifact,
  file: ArtifactFile,
  target: PublishTarget,
): Promise<void> {
  if (!file.path.endsWith(".safetensors")) return await target.copy(file.path, file);
  const stored = readSafetensors(await artifact.read(file.path), file.path);
  const weights = { parameters: stored.tensors(), epoch: Number(stored.metadata.epoch ?? 0) };
  const path = file.path.replace(/\.safetensors$/, ".pth.tar");
  await target.write(path, weightsParts(weights, String(artifact.meta.architecture)));
}
