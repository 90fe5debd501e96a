/** Writes extracted tensors as ClinicaDL keeps them: one `.pt` file an element. */
import { shapesOf } from "../../artifacts/element_shapes.ts";
import { imagesMeta, readIndex } from "../../artifacts/images.ts";
import { DataError } from "../../errors.ts";
import { readSafetensors } from "../../formats/safetensors.ts";
import { writeTorch } from "../../formats/torch_checkpoint.ts";
import { elementFileName, tensorFolder } from "../../imaging/datasets/extraction_json.ts";
import { describeSlices } from "../../maps/slices.ts";
import { SINGLE_COHORT } from "../../tables/identity.ts";
import type { Artifact, PublishTarget } from "../../workflow/step.ts";

/**
 * The CAPS tree of an `images` artifact: `subjects/…/deeplearning_prepare_data/<mode>_based/…` and
 * `tensor_extraction/NAME.json`, below a folder of each cohort if there are several. With the JSON
 * ClinicaDL trains on these files where slices are consecutive.
 */
export async function publishTensors(artifact: Artifact, target: PublishTarget): Promise<void> {
  const meta = imagesMeta(artifact);
  const { extraction: json, elements, mask_files: masks } = meta;
  const element_shapes = shapesOf(meta);
  const roots = new Set<string>();
  for (const { participant, session, path, stem, cohort } of await readIndex(artifact)) {
    const root = cohort === SINGLE_COHORT ? "" : `${cohort}/`;
    roots.add(root);
    const folder = `${root}subjects/${participant}/${session}/${tensorFolder(json)}`;
    const file = readSafetensors(await artifact.read(path), path);
    const { data } = file.tensor("data");
    const ids = file.tensor("elements").data;
    if (!(data instanceof Float32Array) || !(ids instanceof Int32Array)) {
      throw new DataError(path, "its tensors are not float32 with int32 elements");
    }
    let end = 0;
    for (const [i, element] of ids.entries()) {
      const name = elementFileName(json, stem, masks?.[element] ?? element);
      const shape = element_shapes[i];
      const [channels, ...extents] = shape;
      const size = extents.reduce((product, extent) => product * extent, 1);
      const plane = data.subarray(end, end += size);
      const voxels = new Float32Array(channels * size);
      for (let channel = 0; channel < channels; channel++) voxels.set(plane, channel * size);
      const tensor = { dtype: "float32", shape, data: voxels } as const;
      await target.write(`${folder}/${name}`, writeTorch(tensor));
    }
  }
  const text = JSON.stringify(describeSlices({ ...json }, elements), null, 4) + "\n";
  for (const root of roots) {
    await target.write(`${root}tensor_extraction/${json.extract_json}.json`, text);
  }
}
