/** The masks that an extraction of regions cuts with. */
import { capsMeta } from "../../artifacts/caps.ts";
import { filesBelow } from "../../disk/folders.ts";
import { readFile } from "../../disk/read.ts";
import { findMasks, maskQuery } from "../../imaging/datasets/masks.ts";
import type { MaskFile } from "../../imaging/extract/extract_file.ts";
import { checkMask } from "../../imaging/extract/extraction.ts";
import { readNifti } from "../../imaging/nifti/nifti.ts";
import type { Artifact, StepContext } from "../../workflow/step.ts";

export interface MaskParameters {
  roi_list: string[];
  roi_custom_template?: string;
  roi_custom_mask_pattern?: string;
  masks_directory?: string;
}

/** One file a region, in the order of `roi_list`. @throws {DataError} when a mask is missing */
export async function loadMasks(context: StepContext<MaskParameters>): Promise<MaskFile[]> {
  const { roi_list, masks_directory } = context.params;
  const caps = context.inputs.caps as Artifact;
  return await Promise.all(
    maskPaths(context.params, caps).map(async (path, i) => {
      const blob = masks_directory === undefined
        ? caps.files.find((file) => file.path === path)!
        : await context.external(`${masks_directory}/${path}`);
      return {
        digest: blob.digest,
        roi: roi_list[i],
        subject: baseName(path),
        bytes: await context.get(blob),
      };
    }),
  );
}

/**
 * Voxels of each region's box along its three axes.
 *
 * @returns undefined where a mask does not state where its axes point
 * @throws {DataError} when a mask is missing, or is none
 */
export async function regionShapes(
  params: MaskParameters & { orientation: "RAS" | "stored" },
  caps: Artifact,
): Promise<number[][] | undefined> {
  const { roi_list, masks_directory, orientation } = params;
  const shapes: number[][] = [];
  for (const [i, path] of maskPaths(params, caps).entries()) {
    const bytes = masks_directory === undefined
      ? await caps.read(path)
      : await readFile(`${masks_directory}/${path}`);
    const { stored, ras } = checkMask(readNifti(bytes, path), roi_list[i], baseName(path));
    const mask = orientation === "stored" ? stored : ras;
    if (mask === undefined) return undefined;
    shapes.push(mask.box.map(([begin, end]) => end - begin));
  }
  return shapes;
}

/** Paths below `masks_directory`, or of the data set's files, in the order of `roi_list`. */
function maskPaths(params: MaskParameters, caps: Artifact): string[] {
  const { masks_directory } = params;
  const paths = masks_directory === undefined
    ? caps.files.map(({ path }) => path).filter((path) => /(^|\/)masks\//.test(path))
    : filesBelow(masks_directory, ".");
  return findMasks(
    paths,
    maskQuery(params, capsMeta(caps).use_uncropped_image),
    masks_directory ?? "the masks of the data set",
  );
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
