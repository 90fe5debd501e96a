/** Paints single planes with their maps, and what stands around them. */
import type { Canvas } from "../drawing/canvas.ts";
import { quantile } from "../drawing/quantile.ts";
import { Palette } from "./palette.ts";

/** Pixels between and around planes, and the width of the bar of colours. */
export const GAP = 6, BAR = 14;

/** Share of a map's values that do not exceed the end of the colours. */
const BRIGHTEST = 0.995;

/** A plane and the map that lies over it, both [rows][columns]: rows run to the right, columns upwards. */
export interface MappedPlane {
  rows: number;
  columns: number;
  image: Float32Array;
  map: Float32Array;
}

/** Pixels of a picture. */
export interface Cell {
  left: number;
  top: number;
  wide: number;
  high: number;
}

/** What is black and white of an image, and the value of a map at which the colours end. */
export interface Scale {
  black: number;
  white: number;
  limit: number;
}

export function scaleOf(image: Float32Array, map: Float32Array): Scale {
  return { black: quantile(image, 0.002), white: quantile(image, 0.998), limit: colourLimit(map) };
}

/** Where colours end: nearly the largest magnitude, so that single voxels do not dim the others. */
function colourLimit(map: Float32Array): number {
  const magnitudes = map.map(Math.abs);
  return quantile(magnitudes, BRIGHTEST) || magnitudes.reduce((a, b) => Math.max(a, b), 0);
}

/** The map is more opaque where it is larger. */
export function paintPlane(
  canvas: Canvas,
  palette: Pick<Palette, "index">,
  { rows, columns, image, map }: MappedPlane,
  { black, white, limit }: Scale,
  { left, top, wide, high }: Cell,
): void {
  const contrast = white > black ? 1 / (white - black) : 0;
  const strength = limit > 0 ? 1 / limit : 0;
  for (let y = 0; y < high; y++) {
    const v = (high - y - 0.5) / high * columns - 0.5;
    for (let x = 0; x < wide; x++) {
      const u = (x + 0.5) / wide * rows - 0.5;
      const grey = (interpolate(image, rows, columns, u, v) - black) * contrast;
      const value = interpolate(map, rows, columns, u, v) * strength;
      canvas.set(left + x, top + y, palette.index(grey, value));
    }
  }
}

/** Value between voxel centres; beyond them that of the outermost. */
function interpolate(
  values: Float32Array,
  rows: number,
  columns: number,
  row: number,
  column: number,
): number {
  const r0 = clamp(Math.floor(row), 0, rows - 1), r1 = Math.min(r0 + 1, rows - 1);
  const c0 = clamp(Math.floor(column), 0, columns - 1), c1 = Math.min(c0 + 1, columns - 1);
  const fr = clamp(row, 0, rows - 1) - r0, fc = clamp(column, 0, columns - 1) - c0;
  return (values[r0 * columns + c0] * (1 - fc) + values[r0 * columns + c1] * fc) * (1 - fr) +
    (values[r1 * columns + c0] * (1 - fc) + values[r1 * columns + c1] * fc) * fr;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** The colours on the right, largest on top. */
export function paintBar(canvas: Canvas, palette: Palette): void {
  const left = canvas.width - GAP - BAR;
  const height = canvas.height - 2 * GAP;
  for (let y = 0; y < height; y++) {
    const share = 1 - y / Math.max(1, height - 1);
    const index = palette.index(0.4, palette.signed ? 2 * share - 1 : share);
    for (let x = 0; x < BAR; x++) canvas.set(left + x, GAP + y, index);
  }
}

/** Digits of three by five pixels, a row three bits. */
const DIGITS = [
  0o75557,
  0o26227,
  0o71747,
  0o71717,
  0o55711,
  0o74717,
  0o74757,
  0o71111,
  0o75757,
  0o75717,
];

/** White digits of six by ten pixels on black, in the lower left corner of a cell. */
export function paintNumber(canvas: Canvas, value: number, { left, top, high }: Cell): void {
  const digits = [...String(value)].map(Number);
  const [firstX, firstY] = [left + 3, top + high - 13];
  for (let y = -2; y < 12; y++) {
    for (let x = -2; x < 8 * digits.length; x++) canvas.set(firstX + x, firstY + y, Palette.black);
  }
  digits.forEach((digit, i) => {
    for (let y = 0; y < 10; y++) {
      for (let x = 0; x < 6; x++) {
        const bit = 14 - 3 * (y >> 1) - (x >> 1);
        if (DIGITS[digit] >> bit & 1) canvas.set(firstX + 8 * i + x, firstY + y, Palette.white);
      }
    }
  });
}

/** An even choice of at most `count`, the first and the last among them. */
export function sampleEvenly<T>(items: readonly T[], count: number): readonly T[] {
  if (items.length <= count) return items;
  const step = (items.length - 1) / (count - 1);
  return Array.from({ length: count }, (_, i) => items[Math.round(i * step)]);
}
