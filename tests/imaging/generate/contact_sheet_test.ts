import { assert, assertEquals } from "@std/assert";
import { decode } from "fast-png";
import { contactSheet } from "../../../src/imaging/generate/contact_sheet.ts";
import type { HeadVolume } from "../../../src/imaging/generate/volume.ts";

function volume(shape: [number, number, number], value: (i: number) => number): HeadVolume {
  const data = Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, at) => value(at));
  const affine = Float64Array.of(2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1);
  return { shape, data, affine, integer: false };
}

Deno.test("a sheet has three views of each head, the classes side by side", () => {
  const bright = volume([20, 30, 25], (at) => at % 20 < 10 ? 0 : 100);
  const { width, height, data, channels } = decode(contactSheet([bright, bright], [bright]));
  assertEquals({ width, height, channels }, {
    width: 6 * 148 + 4,
    height: 2 * 148 + 4,
    channels: 1,
  });
  // The axial view: dark on its left half, white on its right; the head keeps its proportions.
  const row = data.subarray(76 * width, 77 * width);
  assertEquals([row[4 + 40], row[4 + 100]], [0, 255]);
  assertEquals(row[4 + 10], 0, "20 of 30 voxels wide, centred");
  const empty = data.subarray((148 + 76) * width + 3 * 148 + 4, (148 + 76) * width + width);
  assert(empty.every((value) => value === 0), "no second head of the other class");
});

Deno.test("an image of one slice has the axial view alone", () => {
  const { width } = decode(contactSheet([volume([16, 16, 1], (at) => at)], []));
  assertEquals(width, 148 + 4);
});
