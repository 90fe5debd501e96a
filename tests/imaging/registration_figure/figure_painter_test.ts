import { assert, assertEquals } from "@std/assert";
import type { Canvas } from "../../../src/imaging/drawing/canvas.ts";
import { tile } from "../../../src/imaging/registration_figure/contact_sheet.ts";
import { FigurePainter } from "../../../src/imaging/registration_figure/figure_painter.ts";
import { planesThrough, sampleOn } from "../../../src/imaging/registration_figure/planes.ts";
import type { ScalarImage } from "../../../src/imaging/scalar_image.ts";

const SHAPE: [number, number, number] = [40, 50, 44];
const RAS = Float64Array.of(1, 0, 0, -20, 0, 1, 0, -25, 0, 0, 1, -22, 0, 0, 0, 1);

/** @param value at x, y and z in mm */
function image(value: (x: number, y: number, z: number) => number, affine = RAS): ScalarImage {
  const [nx, ny, nz] = SHAPE;
  const data = new Float32Array(nx * ny * nz);
  for (let at = 0; at < data.length; at++) {
    const [i, j, k] = [at % nx, Math.floor(at / nx) % ny, Math.floor(at / (nx * ny))];
    const [x, y, z] = [0, 4, 8].map((row) =>
      affine[row] * i + affine[row + 1] * j + affine[row + 2] * k + affine[row + 3]
    );
    data[at] = value(x, y, z);
  }
  return { shape: SHAPE, data, affine };
}

const ball = (radius: number) => (x: number, y: number, z: number) =>
  Math.min(100, Math.max(0, 100 * (radius + 0.5 - Math.hypot(x, y, z))));

/** Bright cyan, as contours are. */
const isContour = ([r, g, b]: readonly number[]) => r < 60 && g > 140 && b > 160;

/** Columns of a row of pixels that are contour. */
function contourIn(canvas: Canvas, y: number, from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
    .filter((x) => isContour(canvas.palette[canvas.pixels[y * canvas.width + x]]));
}

Deno.test("planes show the patient's left on the left, anterior and superior on the right and up", () => {
  const position = image((x, y, z) => 10_000 * (x + 50) + 100 * (y + 50) + (z + 50));
  const [axial, coronal, sagittal] = planesThrough(position, 2).map((plane) => ({
    ...plane,
    values: sampleOn(plane, position),
  }));
  assertEquals([axial.width, axial.height], [80, 100]);
  assertEquals([coronal.width, coronal.height, sagittal.width], [80, 88, 100]);
  assertEquals([axial.sides, sagittal.sides], [["L", "R"], ["P", "A"]]);
  const steps = [axial, coronal, sagittal].map(({ values, width, height }) => {
    const middle = (height >> 1) * width + (width >> 1);
    return [values[middle + 2] - values[middle], values[middle + 2 * width] - values[middle]]
      .map((step) => Math.round(Math.log10(step)));
  });
  assertEquals(steps, [[4, 2], [4, 0], [2, 0]], "2 pixels are 1 mm");
});

Deno.test("a volume of another orientation looks the same", () => {
  // Voxels run to the left, down and to the back.
  const turned = Float64Array.of(-1, 0, 0, 19, 0, 0, -1, 24, 0, -1, 0, 24, 0, 0, 0, 1);
  const value = (x: number, y: number, z: number) => x + 2 * y + 3 * z + 200;
  const plane = { width: 20, height: 20, sides: ["L", "R"] as const, affine: RAS.slice() };
  plane.affine.set([-10, 0], 3);
  plane.affine.set([-10], 7);
  plane.affine.set([2], 11);
  const [straight, other] = [RAS, turned].map((affine) => sampleOn(plane, image(value, affine)));
  assertEquals(other, straight);
});

Deno.test("the contour lies on the template's surface, whatever the head is", () => {
  const painter = new FigurePainter(image(ball(12)), image(() => 0), 2);
  const canvas = painter.draw(image(() => 0), "sub-01 ses-M000", "");
  // Axial, 0.64 mm above the centre: half of the image's 50 mm is the row of y = 0.
  const row = 32 + 49;
  const found = contourIn(canvas, row, 8, 88);
  const radius = 2 * 12;
  const expected = [8 + 40 - radius, 8 + 40 + radius];
  assert(found.length >= 2 && found.length <= 6, String(found));
  for (const x of found) {
    assert(expected.some((edge) => Math.abs(x - edge) <= 3), `${x} is far from ${expected}`);
  }
});

Deno.test("a title and a warning share a line without meeting", () => {
  const painter = new FigurePainter(image(ball(12)), image(() => 0), 2);
  const columns = (title: string, warning: string, colour: number) => {
    const { pixels, width } = painter.draw(image(() => 0), title, warning);
    return [...pixels.subarray(0, 32 * width).keys()]
      .filter((at) => pixels[at] === colour).map((at) => at % width);
  };
  const long = "outlier: correlation 0.31 (z -7.9), scale_z 1.32 (z 4.1)";
  const title = columns("sub-0123 ses-M000", long, 1),
    warning = columns("sub-0123 ses-M000", long, 3);
  assert(warning.length > 0 && Math.max(...title) + 12 < Math.min(...warning));
  assertEquals(columns("sub-0123", "", 3), []);
  assertEquals(columns("x".repeat(500), long, 1).length > 0, true);
});

Deno.test("a contact sheet has two pictures a row, in their order", () => {
  const painter = new FigurePainter(image(ball(12)), image(() => 0), 1);
  const pictures = ["1", "2", "3"].map((name) => painter.draw(image(ball(10)), name, ""));
  const [{ width, height }] = pictures;
  const sheet = tile(pictures);
  assertEquals([sheet.width, sheet.height], [2 * width + 16, 2 * height]);
  const cut = (left: number, top: number) =>
    Array.from({ length: height }, (_, y) => {
      const start = (top + y) * sheet.width + left;
      return [...sheet.pixels.subarray(start, start + width)];
    }).flat();
  assertEquals(cut(width + 16, 0), [...pictures[1].pixels]);
  assertEquals(cut(0, height), [...pictures[2].pixels]);
  assertEquals(tile(pictures.slice(0, 1)).pixels, pictures[0].pixels);
});
