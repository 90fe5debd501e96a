/** Draws planes of images side by side, in grey. */
import { encode } from "fast-png";
import { Canvas } from "../../imaging/drawing/canvas.ts";
import { paintSides } from "../../imaging/drawing/sides.ts";
import { cutViews, middleOf, type TensorVolume } from "../../imaging/orthogonal_views.ts";

/** Pixels between planes of a volume, or slices, and between volumes. */
const GAP = 2, WIDE_GAP = 8;
/** Shares of pixels that are shown black and white. */
const DARKEST = 0.005, BRIGHTEST = 0.998;

/** The first index runs to the right, the second upwards. */
export interface Plane {
  width: number;
  height: number;
  at(x: number, y: number): number;
  /** Extent of a pixel along both axes. */
  pixel: readonly [number, number];
  /** What lies to the left and to the right, where it is known. */
  sides?: readonly [left: string, right: string];
}

export interface Layout {
  /** Pixels of the longest side. */
  cell: number;
  /** Whether planes of fewer pixels grow to it. */
  enlarge: boolean;
  /** Planes of a line that belong together. */
  together: number;
  /** Grey between planes, 0 to 255. */
  ground: number;
}

/** A slice `[width][height]` as it is stored. */
export function slicePlane(data: Float32Array, [width, height]: readonly number[]): Plane {
  return { width, height, at: (x, y) => data[x * height + y], pixel: [1, 1] };
}

/** The axial, the coronal and the sagittal slice through the middle of a volume. */
export function volumePlanes(volume: TensorVolume): Plane[] {
  return cutViews(volume, middleOf(volume.shape)).map((
    { rows, columns, values, voxel, sides },
  ) => ({
    width: rows,
    height: columns,
    at: (x, y) => values[x * columns + y],
    pixel: voxel,
    ...(sides && { sides }),
  }));
}

/**
 * A PNG of lines of planes, all on one scale of sizes and one of grey values, between two quantiles.
 */
export function drawPlanes(
  lines: readonly (readonly Plane[])[],
  { cell, enlarge, together, ground }: Layout,
): Uint8Array {
  const extents = lines.flat().map(({ width, height, pixel }) =>
    Math.max(width * pixel[0], height * pixel[1])
  );
  const scale = Math.min(enlarge ? Infinity : 1, ...extents.map((extent) => cell / extent));
  const sized = lines.map((planes) => planes.map((plane) => resample(plane, scale)));
  const columns = sized[0].map((_, i) => Math.max(...sized.map((planes) => planes[i]?.width ?? 0)));
  const heights = sized.map((planes) => Math.max(...planes.map(({ height }) => height)));
  const [lefts, width] = placeInRow(columns, (i) => i % together === 0 ? WIDE_GAP : GAP);
  const [tops, height] = placeInRow(heights, () => WIDE_GAP);
  const canvas = new Canvas(width, height, []);
  canvas.pixels.fill(ground);
  const grey = greyScale(sized.flat().map(({ values }) => values));
  sized.forEach((planes, line) =>
    planes.forEach(({ values, width, height, sides }, column) => {
      const left = lefts[column];
      const top = tops[line] + Math.floor((heights[line] - height) / 2);
      values.forEach((value, i) =>
        canvas.set(left + i % width, top + Math.floor(i / width), grey(value))
      );
      if (sides) paintSides(canvas, sides, { left, top, wide: width }, { black: 0, white: 200 });
    })
  );
  return encode({ width, height, data: canvas.pixels, channels: 1, depth: 8 });
}

/** Where parts begin, and their length together. @param gap pixels before a part but the first */
function placeInRow(
  parts: readonly number[],
  gap: (part: number) => number,
): [starts: number[], length: number] {
  let length = 0;
  const starts = parts.map((part, i) => {
    const start = i === 0 ? 0 : length + gap(i);
    length = start + part;
    return start;
  });
  return [starts, length];
}

/** From values to 0 (black) to 255. */
function greyScale(planes: readonly Float32Array[]): (value: number) => number {
  const sorted = Float32Array.from(planes.flatMap((values) => [...values])).sort();
  const [black, white] = [DARKEST, BRIGHTEST].map((quantile) =>
    sorted[Math.floor(quantile * (sorted.length - 1))]
  );
  return (value) =>
    Math.min(255, Math.max(0, Math.round(255 * (value - black) / (white - black || 1))));
}

/** Means over the pixels that fall into each new one, rows from the top; 0 where they are not finite. */
function resample({ sides, ...plane }: Plane, scale: number) {
  const width = Math.max(1, Math.round(plane.width * plane.pixel[0] * scale));
  const height = Math.max(1, Math.round(plane.height * plane.pixel[1] * scale));
  const values = new Float32Array(width * height);
  const [stepX, stepY] = [plane.width / width, plane.height / height];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const fromX = Math.floor(x * stepX), toX = Math.max(fromX + 1, Math.floor((x + 1) * stepX));
      const fromY = Math.floor(y * stepY), toY = Math.max(fromY + 1, Math.floor((y + 1) * stepY));
      let sum = 0;
      for (let u = fromX; u < toX; u++) {
        for (let v = fromY; v < toY; v++) sum += plane.at(u, plane.height - 1 - v);
      }
      const mean = sum / ((toX - fromX) * (toY - fromY));
      values[y * width + x] = Number.isFinite(mean) ? mean : 0;
    }
  }
  return { values, width, height, sides };
}
