/** Several pictures of heads in one. */
import { Canvas } from "../drawing/canvas.ts";

const COLUMNS = 2;

/** Pixels between columns. */
const GAP = 16;

/** Pictures of one palette, the first on the top left, in rows of two. */
export function tile(pictures: readonly Canvas[]): Canvas {
  const width = Math.max(...pictures.map((picture) => picture.width));
  const height = Math.max(...pictures.map((picture) => picture.height));
  const columns = Math.min(COLUMNS, pictures.length);
  const rows = Math.ceil(pictures.length / columns);
  const sheet = new Canvas(
    columns * (width + GAP) - GAP,
    rows * height,
    pictures[0].palette,
  );
  pictures.forEach((picture, i) => {
    const left = i % columns * (width + GAP), top = Math.floor(i / columns) * height;
    for (let y = 0; y < picture.height; y++) {
      const row = picture.pixels.subarray(y * picture.width, (y + 1) * picture.width);
      sheet.pixels.set(row, (top + y) * sheet.width + left);
    }
  });
  return sheet;
}
