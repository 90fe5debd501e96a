/** A picture of items: a row each of draws, by their middle slices. */
import { Canvas, type Colour } from "../../imaging/drawing/canvas.ts";
import { drawText, LINE_HEIGHT, textWidth } from "../../imaging/drawing/text.ts";
import type { ItemGeometry } from "../../nn/transforms/mod.ts";

export interface SheetRow {
  label: string;
  /** `[depth][height][width]` each. */
  items: readonly Float32Array[];
}

/** Pixels of a cell's longer side, and between cells. */
const CELL = 112;
const GAP = 4;
const GREYS = 255;
const TEXT = GREYS;
const PALETTE: Colour[] = [
  ...Array.from({ length: GREYS }, (_, i): Colour => {
    const grey = Math.round(255 * i / (GREYS - 1));
    return [grey, grey, grey];
  }),
  [255, 210, 90],
];

/** A plane of an item: (z, y, x) of its first pixel, and what one step to the right and up adds. */
interface View {
  start: readonly number[];
  right: 0 | 1 | 2;
  up: 0 | 1 | 2;
  /** An image's rows go down. */
  down: boolean;
}

/** @param item decides what is black and white */
export function drawSheet(
  rows: readonly SheetRow[],
  item: Float32Array,
  geometry: ItemGeometry,
): Uint8Array {
  const views = viewsOf(geometry);
  const columns = Math.max(...rows.map(({ items }) => items.length)) * views.length;
  const margin = GAP + Math.max(...rows.map(({ label }) => textWidth(label))) + GAP;
  const canvas = new Canvas(
    margin + columns * (CELL + GAP),
    GAP + rows.length * (CELL + GAP),
    PALETTE,
  );
  const [low, high] = item.reduce(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [Infinity, -Infinity],
  );
  const grey = (value: number) =>
    Math.round((GREYS - 1) * Math.min(1, Math.max(0, (value - low) / (high - low || 1))));
  rows.forEach(({ label, items }, row) => {
    const top = GAP + row * (CELL + GAP);
    drawText(canvas, label, GAP, top + (CELL - LINE_HEIGHT) / 2, TEXT);
    items.forEach((values, draw) => {
      views.forEach((view, number) => {
        const left = margin + (draw * views.length + number) * (CELL + GAP);
        drawView(canvas, { left, top }, view, geometry, (at) => grey(values[at]));
      });
    });
  });
  return canvas.encode();
}

/** Of a volume the middle axial, coronal and sagittal slice; of an image itself. */
function viewsOf({ dimensions, size }: ItemGeometry): View[] {
  if (dimensions === 2) return [{ start: [0, 0, 0], right: 2, up: 1, down: true }];
  const middle = size.map((extent) => extent >> 1);
  return [
    { start: [0, 0, middle[2]], right: 0, up: 1, down: false },
    { start: [0, middle[1], 0], right: 0, up: 2, down: false },
    { start: [middle[0], 0, 0], right: 1, up: 2, down: false },
  ];
}

/** Fits a plane into a cell with its true proportions, each pixel by the nearest of the item. */
function drawView(
  canvas: Canvas,
  { left, top }: { left: number; top: number },
  { start, right, up, down }: View,
  { size, spacing }: ItemGeometry,
  greyAt: (at: number) => number,
): void {
  const extents = [right, up].map((axis) => size[axis] * spacing[axis]);
  const scale = CELL / Math.max(...extents);
  const [wide, tall] = extents.map((extent) => Math.max(1, Math.round(extent * scale)));
  const strides = [size[1] * size[2], size[2], 1];
  const first = start.reduce((sum, at, axis) => sum + at * strides[axis], 0);
  const [x0, y0] = [left + ((CELL - wide) >> 1), top + ((CELL - tall) >> 1)];
  for (let y = 0; y < tall; y++) {
    const v = Math.floor((down ? y : tall - 1 - y) / tall * size[up]);
    for (let x = 0; x < wide; x++) {
      const u = Math.floor(x / wide * size[right]);
      canvas.set(x0 + x, y0 + y, greyAt(first + u * strides[right] + v * strides[up]));
    }
  }
}
