/** A picture of maps over slices, to look at. */
import { Canvas } from "../drawing/canvas.ts";
import {
  BAR,
  GAP,
  type MappedPlane,
  paintBar,
  paintNumber,
  paintPlane,
  sampleEvenly,
  scaleOf,
} from "./paint.ts";
import { Palette } from "./palette.ts";

/** A slice with the map that lies over it. */
export interface MappedSlice extends Pick<MappedPlane, "image" | "map"> {
  /** Written into the picture. */
  id: number;
}

export interface SliceSheetOptions {
  rows: number;
  columns: number;
  /** Extent of a voxel along rows and along columns, in any unit. */
  voxel: readonly [number, number];
  /** Whether maps have a sign: blue to red, else black to yellow. */
  signed: boolean;
}

/** Pixels of a slice's longer side. */
const CELL = 192;
/** Slices of a sheet; of more an even sample is drawn. */
const MAX_SLICES = 40;

/**
 * A PNG of slices in grey with their maps in colour, each map scaled by its own largest values and
 * more opaque where it is larger. The first axis of the plane points to the right and the
 * second up, in their true proportions; a bar on the right has the colours, largest on top.
 */
export function overlaySlices(
  slices: readonly MappedSlice[],
  { rows, columns, voxel, signed }: SliceSheetOptions,
): Uint8Array {
  const shown = sampleEvenly(slices, MAX_SLICES);
  const extents = [rows * voxel[0], columns * voxel[1]];
  const scale = CELL / Math.max(...extents);
  const wide = Math.max(1, Math.round(extents[0] * scale));
  const high = Math.max(1, Math.round(extents[1] * scale));
  const across = Math.max(1, Math.round(Math.sqrt(1.4 * shown.length * high / wide)));
  const perRow = Math.min(shown.length, across);
  const lines = Math.ceil(shown.length / perRow);
  const palette = new Palette(signed);
  const sheet = new Canvas(
    GAP + perRow * (wide + GAP) + BAR + GAP,
    GAP + lines * (high + GAP),
    palette.colours,
  );
  shown.forEach(({ id, image, map }, i) => {
    const left = GAP + i % perRow * (wide + GAP);
    const top = GAP + Math.floor(i / perRow) * (high + GAP);
    const cell = { left, top, wide, high };
    paintPlane(sheet, palette, { rows, columns, image, map }, scaleOf(image, map), cell);
    paintNumber(sheet, id, cell);
  });
  paintBar(sheet, palette);
  return sheet.encode();
}
