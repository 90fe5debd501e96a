/** From the bytes of an image file to the bytes of its tensors; the same on every thread. */
import { allocateSafetensors } from "../../formats/safetensors.ts";
import {
  checkMask,
  extract,
  type Extraction,
  type OrientedMask,
  type Recipe,
} from "./extraction.ts";
import type { Scratch } from "../nifti/gzip.ts";
import { readNifti, type Volume } from "../nifti/nifti.ts";
import { selectFrame } from "./voxels.ts";
import { orientationOf } from "../nifti/orientation.ts";

/** A mask file on its way to whoever cuts regions. */
export interface MaskFile {
  digest: string;
  roi: string;
  /** File name, for messages. */
  subject: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** @throws {DataError} when a file is no mask */
export function readMasks(files: readonly MaskFile[]): Map<string, OrientedMask> {
  return new Map(files.map(({ digest, roi, subject, bytes }) => [
    digest,
    checkMask(readNifti(bytes, subject), roi, subject),
  ]));
}

/** What is worth knowing of an image besides its tensors. */
export interface ImageFacts {
  /** How the file stores it, such as `LAS`; absent where that is not known. */
  stored?: string;
  /** The value of every voxel, where there is one only: `NaN` or a number. */
  only_value?: string;
  /** What of the file contradicts its header. */
  contradictions?: readonly string[];
}

/** A safetensors file, and what is known of the image that it was cut from. */
export interface ExtractedFile {
  bytes: Uint8Array<ArrayBuffer>;
  facts: ImageFacts;
}

/**
 * A safetensors file with `data` (float32, see {@link extract}), `affine` (float64 [4, 4]), `grid`
 * (int32 [3]), `elements` (int32), of regions `origins` (int32 [elements, 3], the first voxel of each
 * in the grid), and of those that differ in size `shapes` (int32 [elements, 3]).
 *
 * @param scratch memory to inflate to
 * @throws {DataError} when the image is malformed or does not suit the recipe
 */
export function extractFile(
  bytes: Uint8Array,
  recipe: Recipe,
  masks: ReadonlyMap<string, OrientedMask>,
  subject: string,
  scratch?: Scratch,
): ExtractedFile {
  const image = readNifti(bytes, subject, undefined, scratch);
  const volume = recipe.frame === undefined
    ? image
    : selectFrame(image, recipe.frame, subject, recipe.frame_durations);
  let file: ReturnType<typeof allocateFile> | undefined;
  const { affine, grid, elements, shapes, origins } = extract(
    volume,
    recipe,
    masks,
    subject,
    (shape, shapes) => {
      file = allocateFile(shape, shapes, recipe.mode);
      return file.views.data as Float32Array<ArrayBuffer>;
    },
  );
  (file!.views.affine as Float64Array).set(affine);
  (file!.views.grid as Int32Array).set(grid);
  (file!.views.elements as Int32Array).set(elements);
  if (shapes) (file!.views.shapes as Int32Array).set(shapes.flat());
  if (origins) (file!.views.origins as Int32Array).set(origins.flat());
  return { bytes: file!.bytes, facts: factsOf(volume) };
}

function factsOf(
  { affine, voxels, slope, intercept, contradictions = [] }: Volume,
): ImageFacts {
  const stored = orientationOf(affine);
  const [first] = voxels;
  const constant = Number.isNaN(first)
    ? voxels.every((value) => Number.isNaN(value))
    : voxels.every((value) => value === first);
  return {
    ...(stored && { stored }),
    ...(constant && { only_value: String(first * slope + intercept) }),
    ...(contradictions.length > 0 && { contradictions }),
  };
}

function allocateFile(
  shape: readonly number[],
  shapes: Extraction["shapes"],
  mode: Recipe["mode"],
) {
  const elements = shapes?.length ?? shape[0];
  const places = { dtype: "int32", shape: [elements, 3] } as const;
  return allocateSafetensors<string>({
    data: { dtype: "float32", shape },
    affine: { dtype: "float64", shape: [4, 4] },
    grid: { dtype: "int32", shape: [3] },
    elements: { dtype: "int32", shape: [elements] },
    ...(mode === "roi" && { origins: places }),
    ...(shapes && { shapes: places }),
  });
}
