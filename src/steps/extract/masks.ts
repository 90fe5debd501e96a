/** The masks that an extraction of regions cuts with. */
import { capsMeta } from "../../artifacts/caps.ts";
import { filesBelow } from "../../disk/folders.ts";
import type { MaskFile } from "../../imaging/extract/extract_file.ts";
import { findMasks } from "../../imaging/datasets/masks.ts";
import type { Artifact, Blob, StepContext } from "../../workflow/step.ts";

export interface MaskParameters {
  roi_list: string[];
  roi_custom_template?: string;
  roi_custom_mask_pattern?: string;
  masks_directory?: string;
}

/** One file a region, in the order of `roi_list`. @throws {DataError} when a mask is missing */
export async function loadMasks(context: StepContext<MaskParameters>): Promise<MaskFile[]> {
  const { roi_list, roi_custom_template, roi_custom_mask_pattern, masks_directory } =
    context.params;
  const caps = context.inputs.caps as Artifact;
  const blobs = new Map<string, () => Promise<Blob>>(
    masks_directory === undefined
      ? caps.files.filter(({ path }) => /(^|\/)masks\//.test(path))
        .map((file) => [file.path, () => Promise.resolve(file)])
      : filesBelow(masks_directory, ".")
        .map((path) => [path, () => context.external(`${masks_directory}/${path}`)]),
  );
  // Masks of a template of one's own need not follow the linear pipelines' names.
  const custom = roi_custom_template !== undefined;
  const { use_uncropped_image: uncropped } = capsMeta(caps);
  const paths = findMasks([...blobs.keys()], {
    rois: roi_list,
    template: roi_custom_template,
    pattern: roi_custom_mask_pattern ?? (custom ? "" : undefined),
    cropped: custom || typeof uncropped !== "boolean" ? undefined : !uncropped,
  }, masks_directory ?? "the masks of the data set");
  return await Promise.all(paths.map(async (path, i) => {
    const blob = await blobs.get(path)!();
    return {
      digest: blob.digest,
      roi: roi_list[i],
      subject: path.slice(path.lastIndexOf("/") + 1),
      bytes: await context.get(blob),
    };
  }));
}
