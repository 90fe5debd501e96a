/** Files of what autoencoders see and give back, as ClinicaDL names them. */
import { countValues } from "../../artifacts/attribution_maps.ts";
import { predictionsMeta } from "../../artifacts/predictions.ts";
import {
  latentsPath,
  latentTensorsPath,
  type StoredReconstruction,
} from "../../artifacts/reconstructions.ts";
import { readSafetensors } from "../../formats/safetensors.ts";
import { writeTorch } from "../../formats/torch_checkpoint.ts";
import { meanOfChannels } from "../../imaging/overlay/reconstruction.ts";
import type { Axis } from "../../imaging/extract/extraction.ts";
import { columnIndices, readTsv } from "../../formats/tsv.ts";
import { writeNifti } from "../../imaging/nifti/write.ts";
import type { Artifact } from "../../workflow/step.ts";
import { placeElements } from "./place_elements.ts";

const SIDES = ["input", "output"] as const;

export type NamedFile = readonly [path: string, bytes: Uint8Array<ArrayBuffer>];

/**
 * `tensors/<name>_<mode>-<id>_{input,output}.pt` of every element: float32 [C, H, W] or [C, D, H, W].
 *
 * @param name `sub-P_ses-S`
 */
export function* tensorFiles(
  stored: StoredReconstruction,
  mode: string,
  name: string,
): Generator<NamedFile> {
  const { shapes, elements } = stored;
  let start = 0;
  for (const [e, shape] of shapes.entries()) {
    const end = start + countValues([shape]);
    for (const side of SIDES) {
      const tensor = { dtype: "float32", shape, data: stored[side].slice(start, end) } as const;
      yield [`tensors/${name}_${mode}-${elements[e]}_${side}.pt`, writeTorch(tensor)];
    }
    start = end;
  }
}

/**
 * `nifti_images/<name>_{input,output}.nii.gz`: all elements at their places, with the image's affine;
 * none where the places are unknown.
 *
 * @param direction axis across slices
 */
export function* niftiFiles(
  stored: StoredReconstruction,
  direction: Axis,
  name: string,
): Generator<NamedFile> {
  const { shapes, elements, origins, affine, grid } = stored;
  if (!affine || !grid) return;
  for (const side of SIDES) {
    const maps = meanOfChannels(stored[side], shapes);
    const extents = shapes.map(([, ...rest]) => rest);
    const voxels = placeElements(
      { maps, shapes: extents, elements, origins },
      [...grid],
      direction,
    );
    yield [
      `nifti_images/${name}_${side}.nii.gz`,
      writeNifti({ shape: [...grid], voxels, affine }),
    ];
  }
}

/** `latent_tensors/sub-P_ses-S_<mode>-<id>_latent.pt` of every element of `predictions`. */
export async function* latentFiles(
  artifact: Artifact,
  selectionMetric: string,
): AsyncGenerator<NamedFile> {
  const { mode, latent_shape = [] } = predictionsMeta(artifact);
  const path = latentsPath(selectionMetric);
  const table = readTsv(await artifact.read(path), path);
  const id = `${mode}_id`;
  const at = columnIndices(table, ["participant_id", "session_id", id], path);
  const stored = latentTensorsPath(selectionMetric);
  const { data, shape: [, size] } = readSafetensors(await artifact.read(stored), stored)
    .tensor("latent");
  for (const [row, cells] of table.rows.entries()) {
    const name = [cells[at.participant_id], cells[at.session_id], `${mode}-${cells[at[id]]}`];
    const latent = (data as Float32Array<ArrayBuffer>).slice(row * size, (row + 1) * size);
    const tensor = { dtype: "float32", shape: [...latent_shape], data: latent } as const;
    yield [`latent_tensors/${name.join("_")}_latent.pt`, writeTorch(tensor)];
  }
}
