/** Publishes a `maps` artifact as the folder that ClinicaDL reads. */
import { readSafetensors } from "../../formats/safetensors.ts";
import { mapsMeta, publishedWeightsPath } from "../../artifacts/maps.ts";
import { weightsParts } from "../../maps/weights.ts";
import type { Artifact, ArtifactFile, PublishTarget } from "../../workflow/step.ts";

/** Files that are converted and written at a time; each is in memory. */
const CONCURRENCY = 2;

export async function publishMaps(artifact: Artifact, target: PublishTarget): Promise<void> {
  const files = artifact.files.values();
  // All take their next file from one iterator.
  await Promise.all(Array.from({ length: CONCURRENCY }, async () => {
    for (const file of files) await publishFile(artifact, file, target);
  }));
}

async function publishFile(
  artifact: Artifact,
  file: ArtifactFile,
  target: PublishTarget,
): Promise<void> {
  const published = publishedWeightsPath(file.path);
  if (published === undefined) return await target.copy(file.path, file);
  const stored = readSafetensors(await artifact.read(file.path), file.path);
  const weights = { parameters: stored.tensors(), epoch: Number(stored.metadata.epoch ?? 0) };
  await target.write(published, weightsParts(weights, mapsMeta(artifact).architecture));
}
