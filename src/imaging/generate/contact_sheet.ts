/** A picture of some heads, to look at. */
import { encode } from "fast-png";
import type { HeadVolume } from "./volume.ts";

/** Pixels of a cell's side. */
const CELL = 144;
const GAP = 4;
/** Intensities above this share of voxels are shown white. */
const BRIGHTEST = 0.998;

/**
 * A greyscale PNG with a row for each pair of heads: on the left one of `left`, on the right one of
 * `right`, each by an axial, a coronal and a sagittal slice near the middle, upright.
 */
export function contactSheet(
  left: readonly HeadVolume[],
  right: readonly HeadVolume[],
): Uint8Array {
  const rows = Math.max(left.length, right.length);
  const groups = [left, right].filter((heads) => heads.length > 0);
  const views = viewsOf(groups[0][0]);
  const columns = views.length * groups.length;
  const width = columns * (CELL + GAP) + GAP;
  const height = rows * (CELL + GAP) + GAP;
  const pixels = new Uint8Array(width * height);
  groups.forEach((heads, group) => {
    heads.forEach((head, row) => {
      const white = findWhite(head.data);
      views.forEach((axis, view) => {
        const corner = (GAP + row * (CELL + GAP)) * width + GAP +
          (group * views.length + view) * (CELL + GAP);
        drawSlice(head, axis, white, pixels, corner, width);
      });
    });
  });
  return encode({ width, height, data: pixels, channels: 1, depth: 8 });
}

/** Axes across which there is a picture to see: axial alone for an image of one slice. */
function viewsOf({ shape }: HeadVolume): number[] {
  return [2, 1, 0].filter((axis) => shape.every((extent, other) => other === axis || extent > 1));
}

function findWhite(data: Float32Array): number {
  const sample = Float32Array.from(
    { length: Math.ceil(data.length / 17) },
    (_, i) => data[17 * i],
  ).sort();
  return sample[Math.floor(BRIGHTEST * (sample.length - 1))] || 1;
}

/** A slice across an axis near the middle, fitted into a cell with its true proportions. */
function drawSlice(
  { shape, data, affine }: HeadVolume,
  axis: number,
  white: number,
  pixels: Uint8Array,
  corner: number,
  stride: number,
): void {
  const [across, up] = [0, 1, 2].filter((other) => other !== axis);
  const size = (a: number) => Math.hypot(affine[a], affine[4 + a], affine[8 + a]);
  const extents = [shape[across] * size(across), shape[up] * size(up)];
  const scale = CELL / Math.max(...extents);
  const [wide, high] = extents.map((extent) => Math.max(1, Math.floor(extent * scale)));
  const strides = [1, shape[0], shape[0] * shape[1]];
  // Axial slices a little above the middle show the ventricles.
  const base = Math.floor(shape[axis] * (axis === 2 ? 0.56 : 0.5)) * strides[axis];
  const top = corner + Math.floor((CELL - high) / 2) * stride + Math.floor((CELL - wide) / 2);
  for (let y = 0; y < high; y++) {
    const v = (high - y - 0.5) / high * shape[up] - 0.5;
    for (let x = 0; x < wide; x++) {
      const u = (x + 0.5) / wide * shape[across] - 0.5;
      const value = interpolate(
        data,
        base,
        strides[across],
        strides[up],
        shape[across],
        shape[up],
        u,
        v,
      );
      pixels[top + y * stride + x] = Math.min(255, Math.max(0, Math.round(255 * value / white)));
    }
  }
}

function interpolate(
  data: Float32Array,
  base: number,
  stepU: number,
  stepV: number,
  lengthU: number,
  lengthV: number,
  u: number,
  v: number,
): number {
  const clamp = (value: number, length: number) => Math.min(length - 1, Math.max(0, value));
  const u0 = clamp(Math.floor(u), lengthU), u1 = clamp(u0 + 1, lengthU);
  const v0 = clamp(Math.floor(v), lengthV), v1 = clamp(v0 + 1, lengthV);
  const fu = clamp(u, lengthU) - u0, fv = clamp(v, lengthV) - v0;
  const at = (i: number, j: number) => data[base + i * stepU + j * stepV];
  return (at(u0, v0) * (1 - fu) + at(u1, v0) * fu) * (1 - fv) +
    (at(u0, v1) * (1 - fu) + at(u1, v1) * fu) * fv;
}
