import { assert, assertEquals } from "@std/assert";
import { decode } from "fast-png";
import { overlayVolumes } from "../../../src/imaging/overlay/volumes.ts";

const shape = [10, 16, 8];
const identity = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
const voxels = 10 * 16 * 8;

/** A volume whose left half is dark, under a map of one voxel. */
function mapped(id: number, at: readonly number[], value: number, affine?: Float64Array) {
  const data = new Float32Array(voxels).map((_, i) => i < voxels / 2 ? 0 : 1);
  const map = new Float32Array(voxels);
  map[(at[0] * 16 + at[1]) * 8 + at[2]] = value;
  return { id, shape, data, affine, map };
}

function opened(png: Uint8Array) {
  const { width, height, data, palette } = decode(png);
  return { width, height, at: (x: number, y: number) => palette![data[y * width + x]] };
}

const isWarm = ([r, , b]: readonly number[]) => r > b + 40;

Deno.test("a volume is shown by three slices through the largest value of its map", () => {
  const { width, height, at } = opened(overlayVolumes([mapped(0, [7, 12, 6], 1)], true));
  // Axial 10 x 16, coronal 10 x 8, sagittal 16 x 8 voxels of 12 pixels, within gaps of 6, then the bar.
  assertEquals([width, height], [120 + 120 + 192 + 4 * 6 + 20, 192 + 12]);
  const coronalTop = 6 + 48;
  assertEquals(at(6 + 20, 6 + 150), [0, 0, 0], "left: dark");
  assertEquals(at(6 + 66, 6 + 150), [255, 255, 255], "right: bright");
  assertEquals(at(132 + 20, coronalTop - 8), [24, 24, 24], "centred in its line");
  assert(isWarm(at(6 + 7 * 12 + 6, 6 + 192 - 12 * 12 - 6)), "axial: right and anterior");
  assert(isWarm(at(132 + 7 * 12 + 6, coronalTop + 96 - 6 * 12 - 6)), "coronal: right, superior");
  assert(isWarm(at(258 + 12 * 12 + 6, coronalTop + 96 - 6 * 12 - 6)), "sagittal: anterior");
});

Deno.test("sides are named where the affine shows them, and a volume that is stored to the left is turned", () => {
  const toLeft = identity.slice();
  toLeft[0] = -1;
  const { at } = opened(overlayVolumes([mapped(0, [2, 8, 4], 1, toLeft)], true));
  assertEquals(at(6 + 2, 6 + 2), [255, 255, 255], "the L of left");
  assertEquals(at(6 + 66, 6 + 150), [0, 0, 0], "the first voxels are on the right");
  assert(isWarm(at(6 + 7 * 12 + 6, 6 + 192 - 8 * 12 - 6)));
  const unknown = opened(overlayVolumes([mapped(0, [2, 8, 4], 1)], true));
  assertEquals(unknown.at(6 + 2, 6 + 2), [0, 0, 0], "no letter");
});

Deno.test("many patches make a sheet of smaller slices, of very many an even choice", () => {
  const sheet = (count: number) =>
    opened(overlayVolumes(Array.from({ length: count }, (_, i) => mapped(i, [0, 0, 0], 1)), false));
  // Three volumes side by side, each 10 + 10 + 16 voxels of 7 pixels and three gaps wide.
  const width = 6 + 3 * (252 + 18) + 2 * 6 + 20;
  assertEquals([sheet(4).width, sheet(4).height], [width, 6 + 2 * 118]);
  assertEquals([sheet(40).width, sheet(40).height], [width, 6 + 6 * 118]);
});

Deno.test("a map of zeros leaves the middle of the volume as it is", () => {
  const { at } = opened(overlayVolumes([mapped(0, [0, 0, 0], 0)], false));
  assertEquals(at(6 + 20, 6 + 150), [0, 0, 0]);
  assertEquals(at(6 + 100, 6 + 150), [255, 255, 255]);
});
