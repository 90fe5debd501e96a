/** What an extraction will give and take, from what is known of the data set. */
import { describeDataset } from "../../artifacts/caps.ts";
import { describeShapes } from "../../artifacts/element_shapes.ts";
import type { ImagesDescription } from "../../artifacts/images.ts";
import type { Mode } from "../../imaging/datasets/extraction_json.ts";
import { elementsShape, type Recipe } from "../../imaging/extract/extraction.ts";
import { inWorldOrder } from "../../imaging/nifti/orientation.ts";
import type { Artifact, Estimate, PreflightInput } from "../../workflow/step.ts";

/** Bytes of a published tensor besides its values, as `writeTorch` writes it. */
const FILE_BYTES = 750;

/** What is known of an extraction from its parameters. */
export interface DeclaredCut {
  mode: Mode;
  /** Channels as the network sees them. */
  channels: number;
  /** Absent where each image has one of its own; masks may be stated by anything. */
  recipe?: Recipe;
  /** Names of regions. */
  regions?: string[];
  /** Voxels of each region's box along its axes, undefined where they are not known. */
  regionShapes?(caps: Artifact): Promise<number[][] | undefined>;
}

/**
 * @param caps absent where nothing is known of it
 * @throws {DataError} when the first image is too small to be cut, or a mask is missing
 */
export async function declareImages(
  caps: PreflightInput | undefined,
  { mode, channels, recipe, regions, regionShapes }: DeclaredCut,
): Promise<ImagesDescription> {
  const named = { mode, ...(regions && { regions, elements: regions.length }) };
  if (caps === undefined) return named;
  const { images, shape, orientation, sessions } = await describeDataset(caps);
  const known = { ...named, images, ...(sessions && { sessions }) };
  const boxes = "declared" in caps ? undefined : await regionShapes?.(caps);
  if (boxes) return { ...known, ...describeShapes(boxes.map((box) => [channels, ...box])) };
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
  { images, elements, element_shape, element_shapes }: ImagesDescription,
): Estimate {
  if (images === undefined || elements === undefined) return {};
  const shapes = element_shapes ?? (element_shape && [element_shape]);
  if (shapes === undefined) return {};
  const each = images * elements / shapes.length;
  const sum = (of: (shape: readonly number[]) => number) =>
    each * shapes.reduce((total, shape) => total + of(shape), 0);
  const bytes = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 4);
  return {
    diskBytes: sum(([, ...extents]) => bytes(extents)),
    publishedBytes: { images: sum((shape) => bytes(shape) + FILE_BYTES) },
  };
}
