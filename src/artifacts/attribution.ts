/** The maps of one image, or of a mean, as a file of the store. */
import { DataError } from "../errors.ts";
import { readSafetensors, writeSafetensors } from "../formats/safetensors.ts";
import type { Tensor } from "../formats/tensor.ts";
import type { Artifact } from "../workflow/step.ts";
import type { ImageSet, Sample } from "./images.ts";

/** Where the slices of an image lie; `grid` and `affine` are absent where tensors were opened bare. */
export interface Geometry {
  /** Index of each slice in its volume. */
  elements: Int32Array<ArrayBuffer>;
  affine?: Float64Array<ArrayBuffer>;
  /** Voxels of the volume. */
  grid?: Int32Array<ArrayBuffer>;
}

export interface MapsFile extends Geometry {
  /** [elements, height, width] */
  shape: readonly number[];
  maps: Float32Array<ArrayBuffer>;
}

/** @throws {DataError} when the extracted tensors are damaged */
export async function geometryOf(images: ImageSet, sample: Sample): Promise<Geometry> {
  return geometryIn(await images.artifact.read(sample.path), sample.path);
}

function geometryIn(bytes: Uint8Array<ArrayBuffer>, subject: string): Geometry {
  const file = readSafetensors(bytes, subject);
  const optional = (name: string) => file.entries.has(name) ? file.tensor(name).data : undefined;
  const [elements, affine, grid] = ["elements", "affine", "grid"].map(optional);
  if (!(elements instanceof Int32Array)) throw new DataError(subject, "has no int32 elements");
  return {
    elements,
    ...(affine instanceof Float64Array && grid instanceof Int32Array && { affine, grid }),
  };
}

/** Whether two images stand on one grid, to a ten-thousandth of a voxel. */
export function sameGeometry(a: Geometry, b: Geometry): boolean {
  const { affine, grid } = b;
  return a.elements.join() === b.elements.join() && a.grid?.join() === grid?.join() &&
    (a.affine ?? []).every((value, i) => Math.abs(value - affine![i]) < 1e-4);
}

export function writeMapsFile({ shape, maps, elements, affine, grid }: MapsFile): Uint8Array {
  const tensors: Record<string, Tensor> = {
    maps: { dtype: "float32", shape, data: maps },
    elements: { dtype: "int32", shape: [elements.length], data: elements },
  };
  if (affine && grid) {
    tensors.affine = { dtype: "float64", shape: [4, 4], data: affine };
    tensors.grid = { dtype: "int32", shape: [3], data: grid };
  }
  return writeSafetensors(tensors);
}

/** @throws {DataError} when the file is damaged */
export async function readMapsFile(artifact: Artifact, path: string): Promise<MapsFile> {
  const bytes = await artifact.read(path);
  const { shape, data } = readSafetensors(bytes, path).tensor("maps");
  if (!(data instanceof Float32Array)) throw new DataError(path, "its maps are not float32");
  return { shape, maps: data, ...geometryIn(bytes, path) };
}
