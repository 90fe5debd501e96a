/** A picture of maps over volumes: of each an axial, a coronal and a sagittal slice. */
import { Canvas } from "../drawing/canvas.ts";
import { paintSides } from "../drawing/sides.ts";
import { cutViews, middleOf, type TensorVolume, type View } from "../orthogonal_views.ts";
import { BAR, GAP, paintBar, paintNumber, paintPlane, sampleEvenly, scaleOf } from "./paint.ts";
import { Palette } from "./palette.ts";

/** A volume with the map that lies over it. */
export interface MappedVolume extends TensorVolume {
  /** Written into the picture. */
  id: number;
  /** As the volume's data. */
  map: Float32Array;
}

/** Pixels of a slice's longest side, where there are few volumes, and where there are more. */
const LARGE_CELL = 192, SMALL_CELL = 112;
/** Volumes that are few, volumes side by side, and volumes of a sheet; of more an even sample is drawn. */
const FEW = 2, ACROSS = 3, MAX_VOLUMES = 18;

/**
 * A PNG of three slices a volume in grey, axial, coronal and sagittal, with its map in colour. The slices
 * cross where the map is largest in magnitude. They are upright, in their true proportions, with the
 * patient's left on the left, and letters name their sides where the affine shows them. Each map is
 * scaled by its own largest values and more opaque where it is larger; a bar on the right has the
 * colours, largest on top.
 *
 * @param signed whether maps have a sign: blue to red, else black to yellow
 */
export function overlayVolumes(volumes: readonly MappedVolume[], signed: boolean): Uint8Array {
  const shown = sampleEvenly(volumes, MAX_VOLUMES).map(cutMapped);
  const cell = shown.length > FEW ? SMALL_CELL : LARGE_CELL;
  const longest = Math.max(...shown.flatMap(({ images }) => images.flatMap(extentsOf)));
  const sizes = shown.map(({ images }) =>
    images.map((view) => {
      const [wide, high] = extentsOf(view);
      const pixels = (extent: number) => Math.max(1, Math.round(extent * cell / longest));
      return { wide: pixels(wide), high: pixels(high) };
    })
  );
  const perRow = Math.min(shown.length, ACROSS);
  const widths = sizes.map((views) => views.reduce((sum, { wide }) => sum + wide + GAP, 0));
  const column = Math.max(...widths);
  const line = Math.max(...sizes.flat().map(({ high }) => high)) + GAP;
  const palette = new Palette(signed);
  const sheet = new Canvas(
    GAP + perRow * column + (perRow - 1) * GAP + BAR + GAP,
    GAP + Math.ceil(shown.length / perRow) * line,
    palette.colours,
  );
  shown.forEach(({ id, images, maps, scale }, i) => {
    let left = GAP + i % perRow * (column + GAP);
    const lineTop = GAP + Math.floor(i / perRow) * line;
    images.forEach((view, v) => {
      const size = sizes[i][v];
      const top = lineTop + Math.floor((line - GAP - size.high) / 2);
      const place = { left, top, ...size };
      const plane = { ...view, image: view.values, map: maps[v].values };
      paintPlane(sheet, palette, plane, scale, place);
      if (view.sides) paintSides(sheet, view.sides, place, Palette);
      if (v === 0 && shown.length > 1) paintNumber(sheet, id, place);
      left += place.wide + GAP;
    });
  });
  paintBar(sheet, palette);
  return sheet.encode();
}

/** A volume's slices and those of its map, where this is largest. */
function cutMapped({ id, map, ...volume }: MappedVolume) {
  const at = placeOfLargest(map, volume.shape);
  return {
    id,
    images: cutViews(volume, at),
    maps: cutViews({ ...volume, data: map }, at),
    scale: scaleOf(volume.data, map),
  };
}

/** Voxel of the largest magnitude; the middle of a map of zeros. */
function placeOfLargest(map: Float32Array, shape: readonly number[]): number[] {
  const [, rows, columns] = shape;
  let largest = 0, place: number | undefined;
  map.forEach((value, i) => {
    if (Math.abs(value) > largest) [largest, place] = [Math.abs(value), i];
  });
  if (place === undefined) return middleOf(shape);
  return [
    Math.floor(place / (rows * columns)),
    Math.floor(place / columns) % rows,
    place % columns,
  ];
}

/** Width and height, mm. */
function extentsOf({ rows, columns, voxel }: View): [number, number] {
  return [rows * voxel[0], columns * voxel[1]];
}
