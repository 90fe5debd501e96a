/** Pictures of what an autoencoder sees, what it gives back, and the difference. */
import { Canvas, type Colour } from "../drawing/canvas.ts";
import { quantile } from "../drawing/quantile.ts";
import { paintSides } from "../drawing/sides.ts";
import type { Affine } from "../nifti/affine.ts";
import { cutViews, middleOf, type View } from "../orthogonal_views.ts";
import { GAP, paintPlane, sampleEvenly, type Scale } from "./paint.ts";
import { Palette } from "./palette.ts";

/** Pixels of a plane's longest side. */
const CELL = 168;
/** Slices of a picture; of a volume as many views. */
const PLANES = 3;

/** One plane of an element, and what lies over it in a map. */
export interface ComparedPlane extends Omit<View, "values"> {
  input: Float32Array;
  output: Float32Array;
  /** Input minus output, or a map made from it. */
  residual: Float32Array;
}

/** Elements of a session, one after another. */
export interface ComparedElements {
  /** [C, H, W] or [C, D, H, W] of each. */
  shapes: readonly (readonly number[])[];
  input: Float32Array<ArrayBuffer>;
  output: Float32Array<ArrayBuffer>;
  /** Without channels; input minus output when absent. */
  residual?: Float32Array;
  affine?: Affine;
}

/**
 * Three slices spread over the session, or an axial, a coronal and a sagittal slice of the volume in
 * the middle of its elements. Channels are averaged.
 *
 * @param at voxel in which the slices of a volume cross; its middle when absent
 */
export function comparePlanes(
  { shapes, affine, ...values }: ComparedElements,
  at?: readonly number[],
): ComparedPlane[] {
  const isSlice = shapes[0].length === 3;
  const all = [...shapes.keys()];
  const seen = [values.input, values.output].map((data) => meanOfChannels(data, shapes));
  const chosen = isSlice ? sampleEvenly(all, PLANES) : [all[all.length >> 1]];
  return chosen.flatMap((element): ComparedPlane[] => {
    const [, ...extents] = shapes[element];
    const start = voxelsOf(shapes.slice(0, element));
    const end = start + voxelsOf([shapes[element]]);
    const [input, output] = seen.map((data) => data.subarray(start, end));
    const residual = values.residual?.subarray(start, end) ??
      input.map((value, i) => value - output[i]);
    if (isSlice) {
      return [{ rows: extents[0], columns: extents[1], voxel: [1, 1], input, output, residual }];
    }
    const cut = (data: Float32Array) =>
      cutViews({ shape: extents, data, affine }, at ?? middleOf(extents));
    const [outputs, residuals] = [cut(output), cut(residual)];
    return cut(input).map(({ values, ...view }, i) => ({
      ...view,
      input: values,
      output: outputs[i].values,
      residual: residuals[i].values,
    }));
  });
}

/** Voxels of elements, channels aside. */
function voxelsOf(shapes: readonly (readonly number[])[]): number {
  return shapes.reduce(
    (sum, [, ...extents]) => sum + extents.reduce((product, extent) => product * extent, 1),
    0,
  );
}

/**
 * One value a voxel.
 *
 * @param data of elements of these shapes ([C, ...]), one after another
 */
export function meanOfChannels(
  data: Float32Array<ArrayBuffer>,
  shapes: readonly (readonly number[])[],
): Float32Array<ArrayBuffer> {
  if (shapes.every(([channels]) => channels === 1)) return data;
  const mean = new Float32Array(voxelsOf(shapes));
  let from = 0, to = 0;
  for (const shape of shapes) {
    const [channels] = shape;
    const size = voxelsOf([shape]);
    for (let c = 0; c < channels; c++) {
      for (let i = 0; i < size; i++) mean[to + i] += data[from++] / channels;
    }
    to += size;
  }
  return mean;
}

/** Value at which the colours of residuals end: nearly the largest magnitude of all. */
export function residualLimit(sessions: readonly (readonly ComparedPlane[])[]): number {
  return Math.max(
    0,
    ...sessions.flat().map(({ residual }) => quantile(residual.map(Math.abs), 0.995)),
  );
}

/** One PNG each, all of one size. */
export interface ComparedPictures {
  input: Uint8Array;
  output: Uint8Array;
  residual: Uint8Array;
}

/**
 * PNGs of planes side by side: input and output in the greys of the input, the residual in colour over
 * the input, red where the input is brighter, blue where it is darker.
 *
 * @param limit residual at which colours end
 */
export function drawComparison(
  planes: readonly ComparedPlane[],
  limit: number,
): ComparedPictures {
  const seen = joined(planes.map(({ input }) => input));
  const scale = { black: quantile(seen, 0.002), white: quantile(seen, 0.998), limit };
  const none = planes.map(({ residual }) => new Float32Array(residual.length));
  const signed = new Palette(true);
  return {
    input: drawRow(planes, planes.map(({ input }) => input), none, scale, GREYS),
    output: drawRow(planes, planes.map(({ output }) => output), none, scale, GREYS),
    residual: drawRow(
      planes,
      planes.map(({ input }) => input),
      planes.map(({ residual }) => residual),
      scale,
      signed,
    ),
  };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

/** The colours of a picture without a map. */
const GREYS = {
  colours: Array.from({ length: 256 }, (_, i): Colour => [i, i, i]),
  index: (grey: number) => Math.min(255, Math.max(0, Math.round(255 * grey))),
};

function drawRow(
  planes: readonly ComparedPlane[],
  images: readonly Float32Array[],
  maps: readonly Float32Array[],
  scale: Scale,
  palette: Pick<Palette, "index" | "colours">,
): Uint8Array {
  const longest = Math.max(
    ...planes.flatMap(({ rows, columns, voxel }) => [rows * voxel[0], columns * voxel[1]]),
  );
  const pixels = (extent: number) => Math.max(1, Math.round(extent * CELL / longest));
  const sizes = planes.map(({ rows, columns, voxel }) => ({
    wide: pixels(rows * voxel[0]),
    high: pixels(columns * voxel[1]),
  }));
  const height = Math.max(...sizes.map(({ high }) => high));
  const width = sizes.reduce((sum, { wide }) => sum + wide + GAP, -GAP);
  const canvas = new Canvas(width, height, palette.colours);
  canvas.pixels.fill(palette.index(0, 0));
  let left = 0;
  planes.forEach(({ rows, columns, sides }, i) => {
    const cell = { left, top: (height - sizes[i].high) >> 1, ...sizes[i] };
    paintPlane(canvas, palette, { rows, columns, image: images[i], map: maps[i] }, scale, cell);
    if (sides) {
      const colours = { black: palette.index(0, 0), white: palette.index(1, 0) };
      paintSides(canvas, sides, cell, colours);
    }
    left += sizes[i].wide + GAP;
  });
  return canvas.encode();
}
