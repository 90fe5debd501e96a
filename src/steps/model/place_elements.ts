/** Values of elements at their places in the image. */
import { type AttributionMaps, rowsOf, splitElements } from "../../artifacts/attribution_maps.ts";
import type { Axis } from "../../imaging/extract/extraction.ts";
import { placeBoxes } from "../../imaging/extract/place_boxes.ts";
import { placeSlices } from "../../imaging/extract/place_slices.ts";

/** A volume with the maps where their elements lie. @param direction axis across slices */
export function placeElements(
  { maps, shapes, elements, origins }: Pick<
    AttributionMaps,
    "maps" | "shapes" | "elements" | "origins"
  >,
  grid: readonly number[],
  direction: Axis,
): Float32Array<ArrayBuffer> {
  if (!origins) return placeSlices(maps, elements, direction, grid);
  const places = rowsOf(origins);
  const boxes = splitElements(maps, shapes).map((values, e) => ({
    origin: places[e],
    shape: shapes[e],
    values,
  }));
  return placeBoxes(boxes, grid);
}
