/** Stores maps of an image, or their mean, as tensors and as a picture. */
import { mapsPath, picturePath } from "../../artifacts/attribution.ts";
import { type Geometry, splitElements, writeMaps } from "../../artifacts/attribution_maps.ts";
import { type ImageSet, imagesMeta } from "../../artifacts/images.ts";
import { overlaySlices } from "../../imaging/overlay/slices.ts";
import { overlayVolumes } from "../../imaging/overlay/volumes.ts";
import type { Blob } from "../../workflow/step.ts";
import { elementShapes, type Interpretation } from "./attribute_images.ts";

export type StoredFile = readonly [path: string, blob: Blob];

interface Maps {
  /** Of every element, one after another, as the following. */
  maps: Float32Array<ArrayBuffer>;
  /** What the network saw. */
  inputs: Float32Array<ArrayBuffer>;
  geometry: Geometry;
}

export async function* storeMaps(
  interpretation: Interpretation,
  stem: string,
  { maps, inputs, geometry }: Maps,
): AsyncGenerator<StoredFile> {
  const { context: { put } } = interpretation;
  const shapes = elementShapes(interpretation);
  yield [mapsPath(stem), await put(writeMaps({ shapes, maps, ...geometry }))];
  const picture = drawMaps(interpretation, shapes, { maps, inputs, geometry });
  yield [picturePath(stem), await put(picture)];
}

function drawMaps(
  { images, method }: Interpretation,
  shapes: readonly (readonly number[])[],
  { maps, inputs, geometry }: Maps,
): Uint8Array {
  const signed = method.kind === "gradients";
  const [mapsOf, inputsOf] = [maps, inputs].map((values) => splitElements(values, shapes));
  if (images.mode === "slice") {
    const [rows, columns] = shapes[0];
    return overlaySlices(
      images.elements.map((id, e) => ({ id, image: inputsOf[e], map: mapsOf[e] })),
      { rows, columns, voxel: pixelSize(images, geometry), signed },
    );
  }
  return overlayVolumes(
    images.elements.map((id, e) => ({
      id,
      shape: shapes[e],
      data: inputsOf[e],
      affine: geometry.affine,
      map: mapsOf[e],
    })),
    signed,
  );
}

/** Extent of a pixel along rows and columns of a slice, mm; a square without an affine. */
function pixelSize({ artifact }: ImageSet, { affine }: Geometry): [number, number] {
  if (!affine) return [1, 1];
  const direction = imagesMeta(artifact).extraction.slice_direction ?? 0;
  const [row, column] = [0, 1, 2].filter((axis) => axis !== direction)
    .map((axis) => Math.hypot(affine[axis], affine[4 + axis], affine[8 + axis]));
  return [row, column];
}
