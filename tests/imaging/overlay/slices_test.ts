import { assert, assertEquals } from "@std/assert";
import { decode } from "fast-png";
import { overlaySlices } from "../../../src/imaging/overlay/slices.ts";

const [rows, columns] = [20, 30];

/** A slice whose left half (small row numbers) is dark, under a map of one blob. */
function mapped(id: number, at: readonly [number, number], value: number) {
  const image = new Float32Array(rows * columns).map((_, i) => i < rows * columns / 2 ? 0 : 1);
  const map = new Float32Array(rows * columns);
  for (let r = 0; r < 4; r++) {
    for (let c = 0; c < 4; c++) map[(at[0] + r) * columns + at[1] + c] = value;
  }
  return { id, image, map };
}

function opened(png: Uint8Array) {
  const { width, height, data, palette } = decode(png);
  return { width, height, at: (x: number, y: number) => palette![data[y * width + x]] };
}

Deno.test("a sheet shows slices upright with their maps in colour where they are large", () => {
  const options = { rows, columns, voxel: [1, 1] as const, signed: true };
  const { width, height, at } = opened(overlaySlices([mapped(7, [14, 24], 1)], options));
  // 20 to the right by 30 up: a cell of 128 x 192 within gaps of 6, then the bar.
  assertEquals([width, height], [128 + 12 + 20, 192 + 12]);
  assertEquals(at(6 + 20, 6 + 96), [0, 0, 0], "left: the small rows, dark");
  assertEquals(at(6 + 80, 6 + 120), [255, 255, 255], "right: the large rows, bright");
  const [r, g, b] = at(6 + Math.round(16 / 20 * 128), 6 + Math.round(4 / 30 * 192));
  assert(r > g && g > b, `up: the large columns, warm: ${[r, g, b]}`);
  const [x, y] = [width - 10, height - 8];
  assert(at(x, 8)[0] > at(x, 8)[2], "largest on top of the bar");
  assert(at(x, y)[2] > at(x, y)[0], "smallest at its bottom");
});

Deno.test("negative values are blue, and voxels have their true proportions", () => {
  const options = { rows, columns, voxel: [3, 1] as const, signed: true };
  const { width, height, at } = opened(overlaySlices([mapped(0, [2, 2], -5)], options));
  assertEquals([width, height], [192 + 32, 96 + 12]);
  const [r, , b] = at(6 + Math.round(4 / 20 * 192), 6 + Math.round(26 / 30 * 96));
  assert(b > r);
});

Deno.test("a map of zeros leaves the slice as it is, and many slices make a grid", () => {
  const cells = Array.from({ length: 11 }, (_, i) => mapped(i, [1, 1], 0));
  const options = { rows, columns, voxel: [1, 1] as const, signed: false };
  const { width, height, at } = opened(overlaySlices(cells, options));
  assertEquals([width, height], [5 * 134 + 6 + 20, 3 * 198 + 6]);
  assertEquals(at(6 + 100, 6 + 60), [255, 255, 255]);
  assertEquals(at(6 + 10, 6 + 60), [0, 0, 0]);
});

Deno.test("of very many slices an even choice is shown", () => {
  const cells = Array.from({ length: 200 }, (_, i) => mapped(i, [1, 1], 1));
  const options = { rows, columns, voxel: [1, 1] as const, signed: false };
  const { width, height } = opened(overlaySlices(cells, options));
  assertEquals([width, height], [9 * 134 + 6 + 20, 5 * 198 + 6]);
});
