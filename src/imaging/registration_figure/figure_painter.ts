/** A registered head under the template's contour, to see whether the two fit. */
import { Canvas, type Colour, mix } from "../drawing/canvas.ts";
import { quantile } from "../drawing/quantile.ts";
import { drawText, lettersIn, LINE_HEIGHT, textWidth } from "../drawing/text.ts";
import { blurAxis } from "../generate/blur.ts";
import { spacingOf } from "../nifti/orientation.ts";
import { otsuThreshold } from "../otsu.ts";
import type { ScalarImage } from "../scalar_image.ts";
import { type Plane, planesThrough, sampleOn } from "./planes.ts";

const BLACK: Colour = [0, 0, 0], WHITE: Colour = [255, 255, 255], QUIET: Colour = [150, 160, 170];
const WARNING: Colour = [255, 176, 60], CONTOUR: Colour = [0, 224, 255];
const IN_WHITE = 1, IN_QUIET = 2, IN_WARNING = 3;

/** Shades of grey, each uncovered and under the contour in equal steps to fully covered. */
const GREYS = 63, COVERS = 4;

const PALETTE: readonly Colour[] = [
  BLACK,
  WHITE,
  QUIET,
  WARNING,
  ...Array.from({ length: GREYS * COVERS }, (_, i): Colour => {
    const grey = 255 * Math.floor(i / COVERS) / (GREYS - 1);
    const [r, g, b] = mix([grey, grey, grey], CONTOUR, i % COVERS / (COVERS - 1));
    return [Math.round(r), Math.round(g), Math.round(b)];
  }),
];

/** Index in the palette; @param grey and @param cover from 0 to 1 */
function shade(grey: number, cover: number): number {
  return 4 + Math.round(grey * (GREYS - 1)) * COVERS + Math.round(cover * (COVERS - 1));
}

/** Pixels between and around the planes, and above them. */
const GAP = 8, HEADING = GAP + LINE_HEIGHT + GAP;

/** Pixels from a plane's corner to its marks. */
const MARGIN = 2;

/** Share of pixels that are shown white. */
const BRIGHTEST = 0.995;

/**
 * Draws heads that lie on one grid: an axial, a coronal and a sagittal slice, upright, the patient's left
 * on the left, with the template's contour at the same place in the world. The contour is where the
 * template has Otsu's threshold: around the head, the brain and its ventricles.
 */
export class FigurePainter {
  readonly #planes: { plane: Plane; cover: Float32Array }[];
  readonly #width: number;
  readonly #height: number;

  constructor(
    template: ScalarImage,
    grid: Pick<ScalarImage, "shape" | "affine">,
    pixelsPerMm: number,
  ) {
    const level = otsuThreshold(template.data) ?? Infinity;
    const planes = planesThrough(grid, pixelsPerMm);
    this.#planes = planes.map((plane) => ({
      plane,
      cover: contourCover(blurPlane(sampleOn(plane, template), plane), level, plane),
    }));
    this.#width = planes.reduce((sum, plane) => sum + plane.width + GAP, GAP);
    this.#height = HEADING + Math.max(...planes.map((plane) => plane.height)) + GAP;
  }

  /**
   * @param registered on the grid
   * @param title on the left above the head
   * @param warning on the right, in the colour of one
   */
  draw(registered: ScalarImage, title: string, warning: string): Canvas {
    const slices = this.#planes.map(({ plane }) => sampleOn(plane, registered));
    const white = Math.max(...slices.map((slice) => quantile(slice, BRIGHTEST))) || 1;
    const canvas = new Canvas(this.#width, this.#height, PALETTE);
    drawHeading(canvas, title, warning);
    let left = GAP;
    this.#planes.forEach(({ plane, cover }, i) => {
      const top = HEADING + Math.floor((this.#height - GAP - HEADING - plane.height) / 2);
      drawPlane(canvas, plane, slices[i], white, cover, left, top);
      left += plane.width + GAP;
    });
    return canvas;
  }
}

function drawHeading(canvas: Canvas, title: string, warning: string): void {
  const letters = lettersIn(canvas.width - 2 * GAP);
  const name = shorten(title, letters);
  drawText(canvas, name, GAP, GAP, IN_WHITE);
  const rest = shorten(warning, Math.max(0, letters - name.length - 2));
  drawText(canvas, rest, canvas.width - GAP - textWidth(rest), GAP, IN_WARNING);
}

function shorten(text: string, letters: number): string {
  return text.length <= letters ? text : `${text.slice(0, Math.max(0, letters - 2))}..`;
}

/** @param slice and @param cover `[height][width]`, the lowest row first */
function drawPlane(
  canvas: Canvas,
  { width, height, sides }: Plane,
  slice: Float32Array,
  white: number,
  cover: Float32Array,
  left: number,
  top: number,
): void {
  for (let y = 0; y < height; y++) {
    const row = (height - 1 - y) * width;
    for (let x = 0; x < width; x++) {
      const grey = Math.min(1, Math.max(0, slice[row + x] / white));
      canvas.set(left + x, top + y, shade(grey, cover[row + x]));
    }
  }
  // In the upper corners a head leaves room for them.
  drawText(canvas, sides[0], left + MARGIN, top + MARGIN, IN_QUIET);
  drawText(canvas, sides[1], left + width - MARGIN - textWidth(sides[1]), top + MARGIN, IN_QUIET);
}

/** Standard deviation of the blur without which a contour has islands, mm. */
const SMOOTHING = 1;

function blurPlane(values: Float32Array, { width, height, affine }: Plane): Float32Array {
  const pixel = spacingOf(affine)[0];
  const along = (data: Float32Array, axis: number) =>
    blurAxis(data, [width, height, 1], axis, SMOOTHING / pixel);
  return along(along(values, 0), 1);
}

/** Half the contour's width, pixels. */
const HALF_WIDTH = 0.5;

/**
 * How far the contour f = level covers each pixel, from 0 to 1: by the distance from the pixel's
 * centre to the contour, |f - level| / |grad f| to first order.
 */
function contourCover(
  values: Float32Array,
  level: number,
  { width, height }: Plane,
): Float32Array {
  const cover = new Float32Array(values.length);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      const slope = Math.hypot(
        values[at + 1] - values[at - 1],
        values[at + width] - values[at - width],
      ) / 2;
      const distance = Math.abs(values[at] - level) / slope;
      if (distance < HALF_WIDTH + 0.5) cover[at] = Math.min(1, HALF_WIDTH + 0.5 - distance);
    }
  }
  return cover;
}
