/** Publishes what autoencoders give back in ClinicaDL's files, and as NIfTI. */
import { type PredictionsMeta, predictionsMeta } from "../../artifacts/predictions.ts";
import { readReconstruction, stemOfReconstruction } from "../../artifacts/reconstructions.ts";
import type { Axis } from "../../imaging/extract/extraction.ts";
import type { Artifact, PublishTarget } from "../../workflow/step.ts";
import { latentFiles, niftiFiles, tensorFiles } from "../model/reconstruction_files.ts";

/** In place of each file of tensors, writes those that the step was asked for; copies the others. */
export async function publishPredictions(artifact: Artifact, target: PublishTarget): Promise<void> {
  const meta = predictionsMeta(artifact);
  for (const file of artifact.files) {
    const stem = stemOfReconstruction(file.path);
    if (stem === undefined) await target.copy(file.path, file);
    else await publishReconstruction(artifact, stem, meta, target);
  }
  if (!meta.saved?.includes("latent")) return;
  for (const metric of meta.selection_metrics) {
    for await (const [path, bytes] of latentFiles(artifact, metric)) {
      await target.write(`${metric}/${path}`, bytes);
    }
  }
}

async function publishReconstruction(
  artifact: Artifact,
  stem: string,
  { mode, saved = [], slice_direction }: PredictionsMeta,
  target: PublishTarget,
): Promise<void> {
  const stored = await readReconstruction(artifact, stem);
  const [folder, name] = stem.split("/");
  const files = [
    ...saved.includes("tensor") ? tensorFiles(stored, mode, name) : [],
    ...saved.includes("nifti") ? niftiFiles(stored, (slice_direction ?? 0) as Axis, name) : [],
  ];
  for (const [path, bytes] of files) await target.write(`${folder}/${path}`, bytes);
}
