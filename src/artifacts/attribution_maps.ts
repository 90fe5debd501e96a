/** The files of maps of an `attribution` artifact, and where their elements lie in the image. */
import { DataError } from "../errors.ts";
import { readSafetensors, type Safetensors, writeSafetensors } from "../formats/safetensors.ts";
import type { Tensor } from "../formats/tensor.ts";
import { reducedAffine, reducedShape } from "../imaging/extract/size_reduction.ts";
import { patchOrigins } from "../imaging/extract/windows.ts";
import type { Artifact } from "../workflow/step.ts";
import { mapsPath } from "./attribution.ts";
import { areVaried } from "./element_shapes.ts";
import { type ImageSet, imagesMeta, type Sample } from "./images.ts";

/**
 * Where the elements of an image lie in the grid that they were cut from, of whole images in their own;
 * `affine`, `grid` and `origins` are absent where it is unknown.
 */
export interface Geometry {
  /** Index of each slice in its volume; of volumes 0, 1, ... */
  elements: Int32Array<ArrayBuffer>;
  affine?: Float64Array<ArrayBuffer>;
  /** Voxels of the grid. */
  grid?: Int32Array<ArrayBuffer>;
  /** First voxel of each patch, region or image, [elements, 3]; absent of slices. */
  origins?: Int32Array<ArrayBuffer>;
}

export interface AttributionMaps extends Geometry {
  /** Of each element: [height, width], or [depth, height, width]. */
  shapes: readonly (readonly number[])[];
  /** One element after another. */
  maps: Float32Array<ArrayBuffer>;
}

/** Values of elements of these shapes. */
export function countValues(shapes: readonly (readonly number[])[]): number {
  return shapes.reduce((sum, shape) => sum + shape.reduce((product, size) => product * size), 0);
}

/** The values of each element, which lie one after another. */
export function splitElements(
  values: Float32Array<ArrayBuffer>,
  shapes: readonly (readonly number[])[],
): Float32Array<ArrayBuffer>[] {
  let end = 0;
  return shapes.map((shape) => values.subarray(end, end += countValues([shape])));
}

/**
 * Of the elements as networks see them.
 *
 * @param sizeReduction every n-th voxel of whole images is seen
 * @throws {DataError} when the extracted tensors are damaged
 */
export async function readGeometry(
  images: ImageSet,
  sample: Sample,
  sizeReduction: number,
): Promise<Geometry> {
  const file = readSafetensors(await images.artifact.read(sample.path), sample.path);
  const geometry = parseGeometry(file, sample.path);
  const { grid, affine, elements, origins } = geometry;
  if (!grid || !affine || images.mode === "slice") return geometry;
  switch (images.mode) {
    case "image": {
      const stored = file.tensor("data").shape.slice(2);
      const isReduced = sizeReduction > 1;
      return {
        elements,
        affine: isReduced ? reducedAffine(affine, sizeReduction, stored) : affine,
        grid: Int32Array.from(isReduced ? reducedShape(sizeReduction, stored) : stored),
        origins: new Int32Array(3),
      };
    }
    case "patch": {
      const { patch_size: size, stride_size: stride } = imagesMeta(images.artifact).extraction;
      if (size === undefined || stride === undefined) return { elements };
      const firsts = patchOrigins({ size, stride }, [...grid], sample.path);
      return { ...geometry, origins: Int32Array.from(combinations(firsts).flat()) };
    }
    default:
      return origins ? geometry : { elements };
  }
}

/** Every choice of one value an axis, the last axis fastest. */
function combinations(axes: readonly Int32Array[]): number[][] {
  return axes.reduce<number[][]>(
    (chosen, axis) => chosen.flatMap((before) => [...axis].map((value) => [...before, value])),
    [[]],
  );
}

/** @throws {DataError} when the file has no elements */
export function parseGeometry(file: Safetensors, subject: string): Geometry {
  const optional = (name: string) => file.entries.has(name) ? file.tensor(name).data : undefined;
  const [elements, affine, grid, origins] = ["elements", "affine", "grid", "origins"].map(optional);
  if (!(elements instanceof Int32Array)) throw new DataError(subject, "has no int32 elements");
  return {
    elements,
    ...(affine instanceof Float64Array && grid instanceof Int32Array && { affine, grid }),
    ...(origins instanceof Int32Array && { origins }),
  };
}

/** Whether two images have one grid, to a ten-thousandth of a voxel. */
export function sameGeometry(a: Geometry, b: Geometry): boolean {
  const { affine, grid } = b;
  return a.elements.join() === b.elements.join() && a.grid?.join() === grid?.join() &&
    a.origins?.join() === b.origins?.join() &&
    (a.affine ?? []).every((value, i) => Math.abs(value - affine![i]) < 1e-4);
}

export function writeMaps(
  { shapes, maps, elements, affine, grid, origins }: AttributionMaps,
): Uint8Array<ArrayBuffer> {
  const isVaried = areVaried(shapes);
  const shape = isVaried ? [maps.length] : [shapes.length, ...shapes[0]];
  const tensors: Record<string, Tensor> = {
    maps: { dtype: "float32", shape, data: maps },
    ...geometryTensors({ elements, affine, grid, origins }),
  };
  if (isVaried) {
    const data = Int32Array.from(shapes.flat());
    tensors.shapes = { dtype: "int32", shape: [shapes.length, 3], data };
  }
  return writeSafetensors(tensors);
}

/** As safetensors have it. */
export function geometryTensors(
  { elements, affine, grid, origins }: Geometry,
): Record<string, Tensor> {
  return {
    elements: { dtype: "int32", shape: [elements.length], data: elements },
    ...(affine && grid && {
      affine: { dtype: "float64", shape: [4, 4], data: affine } as const,
      grid: { dtype: "int32", shape: [3], data: grid } as const,
    }),
    ...(origins && {
      origins: { dtype: "int32", shape: [elements.length, 3], data: origins } as const,
    }),
  };
}

/** @throws {DataError} when the file is damaged */
export async function readMaps(
  artifact: Pick<Artifact, "read">,
  stem: string,
): Promise<AttributionMaps> {
  const path = mapsPath(stem);
  const file = readSafetensors(await artifact.read(path), path);
  const { shape, data } = file.tensor("maps");
  if (!(data instanceof Float32Array)) throw new DataError(path, "its maps are not float32");
  const extents = file.entries.has("shapes") ? file.tensor("shapes").data : undefined;
  const shapes = extents instanceof Int32Array
    ? rowsOf(extents)
    : Array.from({ length: shape[0] }, () => shape.slice(1));
  if (countValues(shapes) !== data.length) {
    throw new DataError(
      path,
      `its ${data.length} values are not those of its ${shapes.length} maps`,
    );
  }
  return { shapes, maps: data, ...parseGeometry(file, path) };
}

/** Rows of three. */
export function rowsOf(values: Int32Array): number[][] {
  return Array.from(
    { length: values.length / 3 },
    (_, i) => [...values.subarray(3 * i, 3 * i + 3)],
  );
}
