/** Letters that name the sides of a slice. */
import type { Canvas } from "./canvas.ts";
import { DOT, drawText, LINE_HEIGHT, textWidth } from "./text.ts";

/** Pixels from a slice's corner to its letters. */
const MARGIN = DOT;

/**
 * Writes them into the upper corners, on black; not where they would cover much of the slice.
 *
 * @param colours in the canvas's palette
 */
export function paintSides(
  canvas: Canvas,
  [left, right]: readonly [string, string],
  cell: { left: number; top: number; wide: number },
  { black, white }: { black: number; white: number },
): void {
  const width = textWidth("L");
  if (cell.wide < 6 * width) return;
  const places = [cell.left + MARGIN, cell.left + cell.wide - MARGIN - width];
  [left, right].forEach((letter, i) => {
    for (let y = 0; y < LINE_HEIGHT; y++) {
      for (let x = -MARGIN; x < width + MARGIN; x++) {
        canvas.set(places[i] + x, cell.top + y, black);
      }
    }
    drawText(canvas, letter, places[i], cell.top + MARGIN, white);
  });
}
