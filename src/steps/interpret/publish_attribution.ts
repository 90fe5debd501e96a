/** Publishes attribution maps in ClinicaDL's files, and as NIfTI. */
import { writeTorch } from "../../formats/torch_checkpoint.ts";
import { writeNifti } from "../../imaging/nifti/write.ts";
import type { Artifact, PublishTarget } from "../../workflow/step.ts";
import { attributionMeta, stemOfMaps } from "../../artifacts/attribution.ts";
import { readMaps, splitElements } from "../../artifacts/attribution_maps.ts";
import { placeElements } from "../model/place_elements.ts";

/**
 * In place of each file of maps, writes a `.pt` of float32, [1, height, width] or [1, depth, height,
 * width], for each element and a volume of all; copies the other files.
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
    const { shapes, affine, grid } = stored;
    for (const [e, values] of splitElements(stored.maps, shapes).entries()) {
      const tensor = { dtype: "float32", shape: [1, ...shapes[e]], data: values.slice() } as const;
      await target.write(`${stem}_${mode}-${elements[e]}_map.pt`, writeTorch(tensor));
    }
    if (!affine || !grid) continue;
    const voxels = placeElements(stored, [...grid], extraction.slice_direction ?? 0);
    await target.write(`${stem}_map.nii.gz`, writeNifti({ shape: [...grid], voxels, affine }));
  }
}
