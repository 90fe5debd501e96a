/** Makes the tensors of a session from the `.pt` files that an extraction left. */
import { DataError } from "../../errors.ts";
import { writeSafetensors } from "../../formats/safetensors.ts";
import { type Tensor, toFloat32 } from "../../formats/tensor.ts";
import type { ExtractionJson } from "../../imaging/datasets/extraction_json.ts";
import type { TensorFiles } from "../../imaging/datasets/tensor_files.ts";
import { extract, type OrientedMask, type Recipe } from "../../imaging/extract/extraction.ts";
import { checkChannels, checkElements, checkShape } from "./check_prepared.ts";

/** Masks of regions that are cut here; none of others. */
export interface RegionMasks {
  /** Of each region's mask. */
  digests: readonly string[];
  masks: ReadonlyMap<string, OrientedMask>;
}

/**
 * The elements of a session, `data` and `elements` of a safetensors file.
 *
 * @param tensors of the session's files
 * @throws {DataError} when the files are not what the JSON describes, or hold infinite values
 */
export function assembleTensors(
  tensors: readonly Tensor[],
  files: TensorFiles,
  json: ExtractionJson,
  regions: RegionMasks,
): Uint8Array<ArrayBuffer> {
  const { paths, elements } = files;
  if (elements === undefined) return cutImage(tensors[0], paths[0], json, regions);
  checkElements(elements, json, files);
  return stackElements(tensors, paths, elements, json);
}

/** Elements as stored, each reduced to its first channel: rgb repeats one. */
function stackElements(
  tensors: readonly Tensor[],
  paths: readonly string[],
  elements: readonly number[],
  json: ExtractionJson,
): Uint8Array<ArrayBuffer> {
  const shapes = tensors.map(({ shape }) => shape.slice(1));
  const voxels = shapes.map((shape) => shape.reduce((product, extent) => product * extent, 1));
  const data = new Float32Array(voxels.reduce((sum, count) => sum + count, 0));
  const other = shapes.findIndex((shape) => shape.join() !== shapes[0].join());
  let at = 0;
  tensors.forEach((tensor, i) => {
    checkShape(tensor.shape, paths[i], json);
    if (i === other && json.mode !== "roi") {
      throw new DataError(
        paths[i],
        `has shape ${tensor.shape.join(" x ")}, the first ${tensors[0].shape.join(" x ")}`,
      );
    }
    const values = toFloat32(tensor);
    checkChannels(values, voxels[i], paths[i]);
    data.set(withoutNaN(values.subarray(0, voxels[i]), paths[i]), at);
    at += voxels[i];
  });
  return other < 0
    ? tensorFile([tensors.length, 1, ...shapes[0]], data, elements)
    : tensorFile([data.length], data, elements, shapes);
}

/** An uncut image of shape [1, x, y, z], last axis fastest, cut as the JSON describes. */
function cutImage(
  tensor: Tensor,
  path: string,
  json: ExtractionJson,
  regions: RegionMasks,
): Uint8Array<ArrayBuffer> {
  checkShape(tensor.shape, path, { ...json, mode: "image" });
  const stored = toFloat32(tensor);
  if (json.mode === "image") return tensorFile([1, ...tensor.shape], withoutNaN(stored, path), [0]);
  const [, x, y, z] = tensor.shape;
  const voxels = new Float32Array(stored.length);
  for (let i = 0, at = 0; i < x; i++) {
    for (let j = 0; j < y; j++) {
      for (let k = 0; k < z; k++) voxels[i + x * (j + y * k)] = stored[at++];
    }
  }
  const { masks } = regions;
  const [mask] = masks.values();
  const volume = {
    shape: [x, y, z],
    voxels,
    slope: 1,
    intercept: 0,
    // A tensor has no affine: like ClinicaDL, this takes masks of its shape for masks of its grid.
    affine: mask?.stored.volume.affine ?? IDENTITY,
    type: "float32",
  } as const;
  const { data, shape, elements, shapes } = extract(volume, recipeOf(json, regions), masks, path);
  return tensorFile(shape, data, elements, shapes);
}

const IDENTITY = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);

function recipeOf(json: ExtractionJson, { digests }: RegionMasks): Recipe {
  const orientation = "stored";
  switch (json.mode) {
    case "slice": {
      const { slice_direction, discarded_slices } = json;
      return {
        mode: "slice",
        slice_direction: slice_direction!,
        discarded_slices: discarded_slices!,
        orientation,
      };
    }
    case "patch": {
      const { patch_size, stride_size } = json;
      return { mode: "patch", patch_size: patch_size!, stride_size: stride_size!, orientation };
    }
    case "roi": {
      const roi_uncrop_output = json.uncropped_roi === true;
      return { mode: "roi", roi_uncrop_output, masks: digests, orientation };
    }
    case "image":
      return { mode: "image", orientation };
  }
}

function withoutNaN(data: Float32Array, path: string): Float32Array<ArrayBuffer> {
  return data.map((value) => {
    if (Number.isFinite(value)) return value;
    if (Number.isNaN(value)) return 0;
    throw new DataError(path, "the tensor has infinite values");
  });
}

/**
 * Without an affine: tensors have none.
 *
 * @param shapes [D, H, W] of regions that differ in size
 */
function tensorFile(
  shape: readonly number[],
  data: Float32Array<ArrayBuffer>,
  elements: readonly number[],
  shapes?: readonly (readonly number[])[],
): Uint8Array<ArrayBuffer> {
  return writeSafetensors({
    data: { dtype: "float32", shape, data },
    elements: { dtype: "int32", shape: [elements.length], data: Int32Array.from(elements) },
    ...(shapes && {
      shapes: { dtype: "int32", shape: [shapes.length, 3], data: Int32Array.from(shapes.flat()) },
    }),
  });
}
