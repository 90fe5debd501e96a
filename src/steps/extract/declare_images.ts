/** What an extraction will give and take, from what is known of the data set. */
import { describeDataset } from "../../artifacts/caps.ts";
import type { ImagesDescription } from "../../artifacts/images.ts";
import type { Mode } from "../../imaging/datasets/extraction_json.ts";
import { elementsShape, type Recipe } from "../../imaging/extract/extraction.ts";
import { inWorldOrder } from "../../imaging/nifti/orientation.ts";
import type { Estimate, PreflightInput } from "../../workflow/step.ts";

/** Bytes of a published tensor besides its values, as `writeTorch` writes it. */
const FILE_BYTES = 750;

/** What is known of an extraction from its parameters. */
export interface DeclaredCut {
  mode: Mode;
  /** Channels as the network sees them. */
  channels: number;
  /** Absent where each image has one of its own; masks may be stated by anything. */
  recipe?: Recipe;
}

/**
 * @param caps absent where nothing is known of it
 * @throws {DataError} when the first image is too small to be cut
 */
export async function declareImages(
  caps: PreflightInput | undefined,
  { mode, channels, recipe }: DeclaredCut,
): Promise<ImagesDescription> {
  if (caps === undefined) return { mode };
  const { images, shape, orientation, sessions } = await describeDataset(caps);
  const known = { mode, images, ...(sessions && { sessions }) };
  if (recipe === undefined || shape === undefined) return known;
  const stored = recipe.orientation === "stored";
  if (!stored && orientation === undefined) return known;
  const turned = stored ? shape : inWorldOrder(shape, orientation!);
  const cut = elementsShape(recipe, turned, "the first image");
  if (cut === undefined) return known;
  const [elements, , ...extents] = cut;
  return { ...known, elements, element_shape: [channels, ...extents] };
}

/** Bytes of float32 tensors, of one channel in the store. */
export function estimateExtraction(
  { images, elements, element_shape }: ImagesDescription,
): Estimate {
  if (images === undefined || elements === undefined || element_shape === undefined) return {};
  const [channels, ...extents] = element_shape;
  const bytes = extents.reduce((product, extent) => product * extent, 4);
  return {
    diskBytes: images * elements * bytes,
    publishedBytes: { images: images * elements * (channels * bytes + FILE_BYTES) },
  };
}
