/** A picture of maps over slices, to look at. */
import { Canvas, type Colour, mix } from "../drawing/canvas.ts";
import { quantile } from "../drawing/quantile.ts";

/** A slice with the map that lies over it, both [rows][columns]. */
export interface MappedSlice {
  /** Written into the picture. */
  id: number;
  slice: Float32Array;
  map: Float32Array;
}

export interface SheetOptions {
  rows: number;
  columns: number;
  /** Extent of a voxel along rows and along columns, in any unit. */
  voxel: readonly [number, number];
  /** Whether maps have a sign: blue to red, else black to yellow. */
  signed: boolean;
}

/** Pixels of a picture's longer side. */
const CELL = 192;
const GAP = 6;
const BAR = 14;
/** Slices of a sheet; of more an even sample is drawn. */
const MAX_SLICES = 40;
/** Share of a map's values that do not exceed the end of the colours. */
const BRIGHTEST = 0.995;

/** From negative to positive, and from nothing to the largest. */
const DIVERGING: readonly Colour[] = [[70, 170, 255], [20, 80, 220], [90, 90, 90], [220, 30, 30], [
  255,
  170,
  60,
]];
const SEQUENTIAL: readonly Colour[] = [[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [
  252,
  255,
  164,
]];

/**
 * A PNG of slices in grey with their maps in colour, each map scaled by its own largest values and
 * more opaque where it is larger. The first axis of the plane points to the right and the
 * second up, in their true proportions; a bar on the right has the colours, largest on top.
 */
export function overlaySheet(slices: readonly MappedSlice[], options: SheetOptions): Uint8Array {
  const { rows, columns, voxel, signed } = options;
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
  shown.forEach((cell, i) => {
    const left = GAP + i % perRow * (wide + GAP);
    const top = GAP + Math.floor(i / perRow) * (high + GAP);
    drawCell(sheet, palette, cell, options, { left, top, wide, high });
    drawNumber(sheet, cell.id, left + 3, top + high - 13);
  });
  const barLeft = sheet.width - GAP - BAR;
  const barHeight = sheet.height - 2 * GAP;
  for (let y = 0; y < barHeight; y++) {
    const share = 1 - y / Math.max(1, barHeight - 1);
    const index = palette.index(0.4, signed ? 2 * share - 1 : share);
    for (let x = 0; x < BAR; x++) sheet.set(barLeft + x, GAP + y, index);
  }
  return sheet.encode();
}

function sampleEvenly<T>(items: readonly T[], count: number): readonly T[] {
  if (items.length <= count) return items;
  const step = (items.length - 1) / (count - 1);
  return Array.from({ length: count }, (_, i) => items[Math.round(i * step)]);
}

function drawCell(
  sheet: Canvas,
  palette: Palette,
  { slice, map }: MappedSlice,
  { rows, columns }: SheetOptions,
  { left, top, wide, high }: { left: number; top: number; wide: number; high: number },
): void {
  const [black, white] = [quantile(slice, 0.002), quantile(slice, 0.998)];
  const contrast = white > black ? 1 / (white - black) : 0;
  const largest = colourLimit(map);
  const strength = largest > 0 ? 1 / largest : 0;
  for (let y = 0; y < high; y++) {
    const v = (high - y - 0.5) / high * columns - 0.5;
    for (let x = 0; x < wide; x++) {
      const u = (x + 0.5) / wide * rows - 0.5;
      const grey = (interpolate(slice, rows, columns, u, v) - black) * contrast;
      const value = interpolate(map, rows, columns, u, v) * strength;
      sheet.set(left + x, top + y, palette.index(grey, value));
    }
  }
}

/** Where colours end: nearly the largest magnitude, so that single voxels do not dim the others. */
function colourLimit(map: Float32Array): number {
  const magnitudes = map.map(Math.abs);
  return quantile(magnitudes, BRIGHTEST) || magnitudes.reduce((a, b) => Math.max(a, b), 0);
}

/** Every shade of a slice under every colour of a map: a picture of few colours is a small file. */
class Palette {
  /** Steps of a map's values from 0 to 1. */
  readonly #steps: number;
  /** Values from -1 or from 0. */
  readonly #values: number;
  readonly #greys: number;
  readonly colours: Colour[] = [[24, 24, 24], [0, 0, 0], [255, 255, 255]];
  static readonly black = 1;
  static readonly white = 2;

  constructor(readonly signed: boolean) {
    this.#steps = signed ? 5 : 9;
    this.#values = signed ? 2 * this.#steps + 1 : this.#steps + 1;
    this.#greys = Math.floor((256 - this.colours.length) / this.#values);
    for (let g = 0; g < this.#greys; g++) {
      const grey = 255 * g / (this.#greys - 1);
      for (let v = 0; v < this.#values; v++) {
        const value = (v - (signed ? this.#steps : 0)) / this.#steps;
        const opacity = 0.8 * Math.abs(value) ** 0.6;
        const colour = mix([grey, grey, grey], colourOf(value, signed), opacity);
        this.colours.push(colour.map(Math.round) as unknown as Colour);
      }
    }
  }

  /** @param grey 0 to 1 @param value -1 or 0 to 1; both are clamped */
  index(grey: number, value: number): number {
    const g = Math.round(clamp(grey, 0, 1) * (this.#greys - 1));
    const v = Math.round(clamp(value, this.signed ? -1 : 0, 1) * this.#steps);
    return 3 + g * this.#values + v + (this.signed ? this.#steps : 0);
  }
}

function colourOf(value: number, signed: boolean): Colour {
  const stops = signed ? DIVERGING : SEQUENTIAL;
  const at = (signed ? (value + 1) / 2 : value) * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  return mix(stops[low], stops[low + 1], at - low);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
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

/** Draws white digits of six by ten pixels on black. */
function drawNumber(sheet: Canvas, value: number, left: number, top: number): void {
  const digits = [...String(value)].map(Number);
  for (let y = -2; y < 12; y++) {
    for (let x = -2; x < 8 * digits.length; x++) sheet.set(left + x, top + y, Palette.black);
  }
  digits.forEach((digit, i) => {
    for (let y = 0; y < 10; y++) {
      for (let x = 0; x < 6; x++) {
        const bit = 14 - 3 * (y >> 1) - (x >> 1);
        if (DIGITS[digit] >> bit & 1) sheet.set(left + 8 * i + x, top + y, Palette.white);
      }
    }
  });
}
