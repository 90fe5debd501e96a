/** A `maps` artifact as the folder that ClinicaDL reads. */
import { readSafetensors } from "../../formats/safetensors.ts";
import { writeWeights } from "../../maps/weights.ts";
import type { Artifact, PublishTarget } from "../../workflow/step.ts";

/** Where the artifact keeps, as safetensors, what is published as a PyTorch checkpoint. */
export function storedPath(published: string): string {
  return published.replace(/\.pth\.tar$/, ".safetensors");
}

export async function publishMaps(artifact: Artifact, target: PublishTarget): Promise<void> {
  for (const file of artifact.files) {
    if (!file.path.endsWith(".safetensors")) {
      await target.copy(file.path, file);
      continue;
    }
    const stored = readSafetensors(await artifact.read(file.path), file.path);
    const weights = { parameters: stored.tensors(), epoch: Number(stored.metadata.epoch ?? 0) };
    const path = file.path.replace(/\.safetensors$/, ".pth.tar");
    await target.write(path, writeWeights(weights, String(artifact.meta.architecture)));
  }
}
