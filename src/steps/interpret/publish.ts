/** Writes attribution maps as ClinicaDL keeps them, and as NIfTI. */
import { writeTorch } from "../../formats/torch_checkpoint.ts";
import type { Axis } from "../../imaging/extract/extraction.ts";
import type { ExtractionJson } from "../../imaging/datasets/extraction_json.ts";
import { writeNifti } from "../../imaging/nifti/write.ts";
import { placeSlices } from "../../imaging/extract/place_slices.ts";
import type { Artifact, PublishTarget } from "../../workflow/step.ts";
import { readMapsFile } from "../../artifacts/attribution.ts";

const MAPS = ".safetensors";

/**
 * A `.pt` an element, `[1, height, width]` float32, and a volume in place of each maps file; the other
 * files as they are.
 */
export async function publishAttribution(artifact: Artifact, target: PublishTarget): Promise<void> {
  const mode = String(artifact.meta.mode);
  const elements = artifact.meta.elements as readonly number[];
  const json = artifact.meta.extraction as unknown as ExtractionJson;
  for (const file of artifact.files) {
    if (!file.path.endsWith(MAPS)) {
      await target.copy(file.path, file);
      continue;
    }
    const stem = file.path.slice(0, -`_map${MAPS}`.length);
    const stored = await readMapsFile(artifact, file.path);
    const { maps, shape: [count, height, width], affine, grid } = stored;
    const plane = height * width;
    for (let e = 0; e < count; e++) {
      const data = maps.slice(e * plane, (e + 1) * plane);
      const tensor = { dtype: "float32", shape: [1, height, width], data } as const;
      await target.write(`${stem}_${mode}-${elements[e]}_map.pt`, writeTorch(tensor));
    }
    if (!affine || !grid) continue;
    const direction: Axis = json.slice_direction ?? 0;
    const voxels = placeSlices(maps, stored.elements, direction, [...grid]);
    await target.write(`${stem}_map.nii.gz`, writeNifti({ shape: [...grid], voxels, affine }));
  }
}
