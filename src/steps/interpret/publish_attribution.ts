/** Publishes attribution maps in ClinicaDL's files, and as NIfTI. */
import { writeTorch } from "../../formats/torch_checkpoint.ts";
import { writeNifti } from "../../imaging/nifti/write.ts";
import { placeSlices } from "../../imaging/extract/place_slices.ts";
import type { Artifact, PublishTarget } from "../../workflow/step.ts";
import { attributionMeta, readMaps, stemOfMaps } from "../../artifacts/attribution.ts";

/**
 * In place of each file of maps, writes a `.pt` of [1, height, width] float32 for each element and a
 * volume of all; copies the other files.
 */
export async function publishAttribution(artifact: Artifact, target: PublishTarget): Promise<void> {
  const { mode, elements, extraction } = attributionMeta(artifact);
  for (const file of artifact.files) {
    const stem = stemOfMaps(file.path);
    if (stem === undefined) {
      await target.copy(file.path, file);
      continue;
    }
    const stored = await readMaps(artifact, stem);
    const { maps, shape: [count, height, width], affine, grid } = stored;
    const plane = height * width;
    for (let e = 0; e < count; e++) {
      const data = maps.slice(e * plane, (e + 1) * plane);
      const tensor = { dtype: "float32", shape: [1, height, width], data } as const;
      await target.write(`${stem}_${mode}-${elements[e]}_map.pt`, writeTorch(tensor));
    }
    if (!affine || !grid) continue;
    const direction = extraction.slice_direction ?? 0;
    const voxels = placeSlices(maps, stored.elements, direction, [...grid]);
    await target.write(`${stem}_map.nii.gz`, writeNifti({ shape: [...grid], voxels, affine }));
  }
}
