/** Slices across a head, as pictures have them. */
import type { Affine } from "../nifti/affine.ts";
import { transformPoint } from "../nifti/affine.ts";
import { resample } from "../resampling/mod.ts";
import type { ScalarImage } from "../scalar_image.ts";

/** A grid of pixels in the world: rows from the bottom, columns from the left. */
export interface Plane {
  width: number;
  height: number;
  /** Pixel (column, row, 0) to mm. */
  affine: Affine;
  /** What lies to the left and to the right: the patient's left is on the left. */
  sides: readonly [left: string, right: string];
}

/** World axes that point to the right and up, and the share of the third at which it is cut. */
const VIEWS = [
  // Axial slices a little above the middle and sagittal ones next to it show the ventricles.
  { right: 0, up: 1, across: 2, at: 0.56, sides: ["L", "R"] },
  { right: 0, up: 2, across: 1, at: 0.5, sides: ["L", "R"] },
  { right: 1, up: 2, across: 0, at: 0.55, sides: ["P", "A"] },
] as const;

/** An axial, a coronal and a sagittal plane through the box that a grid fills in the world. */
export function planesThrough(
  grid: Pick<ScalarImage, "shape" | "affine">,
  pixelsPerMm: number,
): Plane[] {
  const { low, high } = worldBox(grid);
  return VIEWS.map(({ right, up, across, at, sides }) => {
    const pixels = (axis: number) =>
      Math.max(1, Math.round((high[axis] - low[axis]) * pixelsPerMm));
    const affine = new Float64Array(16);
    affine[4 * right] = affine[4 * up + 1] = affine[4 * across + 2] = 1 / pixelsPerMm;
    for (const axis of [right, up]) affine[4 * axis + 3] = low[axis] + 0.5 / pixelsPerMm;
    affine[4 * across + 3] = low[across] + at * (high[across] - low[across]);
    affine[15] = 1;
    return { width: pixels(right), height: pixels(up), affine, sides };
  });
}

/** From the outer faces of the outermost voxels, mm. */
function worldBox(
  { shape, affine }: Pick<ScalarImage, "shape" | "affine">,
): { low: number[]; high: number[] } {
  const corners = Array.from({ length: 8 }, (_, corner) => {
    const [i, j, k] = shape.map((extent, axis) => corner >> axis & 1 ? extent - 0.5 : -0.5);
    return transformPoint(affine, [i, j, k]);
  });
  const along = (pick: (...values: number[]) => number) =>
    [0, 1, 2].map((axis) => pick(...corners.map((corner) => corner[axis])));
  return { low: along(Math.min), high: along(Math.max) };
}

const IDENTITY = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);

/** Values of an image on a plane, `[height][width]`; 0 outside the image. */
export function sampleOn(plane: Plane, image: ScalarImage): Float32Array {
  const { width, height, affine } = plane;
  return resample(image, { shape: [width, height, 1], affine }, IDENTITY).data;
}
