/** Writes extracted tensors as ClinicaDL keeps them: one `.pt` file an element. */
import { DataError } from "../../errors.ts";
import { readSafetensors } from "../../formats/safetensors.ts";
import { writeTorch } from "../../formats/torch_checkpoint.ts";
import { columnIndices, readTsv } from "../../formats/tsv.ts";
import {
  elementFileName,
  type ExtractionJson,
  tensorFolder,
} from "../../imaging/datasets/extraction_json.ts";
import { SINGLE_COHORT } from "../../imaging/datasets/sessions.ts";
import type { Artifact, PublishTarget } from "../../workflow/step.ts";

/**
 * The CAPS tree of an `images` artifact: `subjects/…/deeplearning_prepare_data/<mode>_based/…` and
 * `tensor_extraction/NAME.json`, below a folder of each cohort if there are several.
 */
export async function publishTensors(artifact: Artifact, target: PublishTarget): Promise<void> {
  const json = artifact.meta.extraction as unknown as ExtractionJson;
  const channels = (artifact.meta.element_shape as readonly number[])[0];
  const masks = artifact.meta.mask_files as readonly string[] | undefined;
  const subject = "index.tsv of the extracted images";
  const table = readTsv(await artifact.readText("index.tsv"), subject);
  const names = ["participant_id", "session_id", "path", "stem", "cohort"] as const;
  const at = columnIndices(table, names, subject);
  const roots = new Set<string>();
  for (const row of table.rows) {
    const [participant, session, path, stem, cohort] = names.map((name) => row[at[name]] ?? "");
    const root = cohort === SINGLE_COHORT ? "" : `${cohort}/`;
    roots.add(root);
    const folder = `${root}subjects/${participant}/${session}/${tensorFolder(json)}`;
    const file = readSafetensors(await artifact.read(path), path);
    const { shape, data } = file.tensor("data");
    const elements = file.tensor("elements").data;
    if (!(data instanceof Float32Array) || !(elements instanceof Int32Array)) {
      throw new DataError(path, "its tensors are not float32 with int32 elements");
    }
    const size = data.length / shape[0];
    for (const [i, element] of elements.entries()) {
      const name = elementFileName(json, stem, masks?.[element] ?? element);
      const voxels = new Float32Array(channels * size);
      for (let channel = 0; channel < channels; channel++) {
        voxels.set(data.subarray(i * size, (i + 1) * size), channel * size);
      }
      const tensor = {
        dtype: "float32",
        shape: [channels, ...shape.slice(2)],
        data: voxels,
      } as const;
      await target.write(`${folder}/${name}`, writeTorch(tensor));
    }
  }
  const text = JSON.stringify(json, null, 4) + "\n";
  for (const root of roots) {
    await target.write(`${root}tensor_extraction/${json.extract_json}.json`, text);
  }
}
