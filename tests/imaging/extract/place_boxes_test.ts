import { assertEquals, assertThrows } from "@std/assert";
import { extract } from "../../../src/imaging/extract/extraction.ts";
import { placeBoxes } from "../../../src/imaging/extract/place_boxes.ts";
import { readNifti } from "../../../src/imaging/nifti/nifti.ts";
import { writeNifti } from "../../../src/imaging/nifti/write.ts";

const shape = [5, 6, 4];
const voxels = Float32Array.from({ length: 120 }, (_, i) => i + 1);
const affine = Float64Array.of(1, 0, 0, 9, 0, 1, 0, 8, 0, 0, 3, 7, 0, 0, 0, 1);
const volume = readNifti(writeNifti({ shape, voxels, affine }), "image.nii.gz");
const places = (i: number) => [i % 5, Math.floor(i / 5) % 6, Math.floor(i / 30)];

Deno.test("patches go back to where they were cut, whether they touch, overlap or leave gaps", () => {
  for (const stride of [1, 2, 3]) {
    const recipe = { mode: "patch", patch_size: 2, stride_size: stride } as const;
    const { data, grid } = extract(volume, recipe, new Map(), "image.nii.gz");
    const firsts = [5, 6, 4].map((extent) =>
      Array.from({ length: Math.floor((extent - 2) / stride) + 1 }, (_, i) => i * stride)
    );
    const origins = firsts[0].flatMap((x) =>
      firsts[1].flatMap((y) => firsts[2].map((z) => [x, y, z]))
    );
    const boxes = origins.map((origin, i) => ({
      origin,
      shape: [2, 2, 2],
      values: data.subarray(8 * i, 8 * i + 8),
    }));
    const isCovered = (i: number) =>
      places(i).every((at, axis) => firsts[axis].some((first) => at >= first && at < first + 2));
    assertEquals(placeBoxes(boxes, grid), voxels.map((v, i) => isCovered(i) ? v : 0), `${stride}`);
  }
});

Deno.test("where boxes overlap their mean counts", () => {
  const box = (x: number, value: number) => ({
    origin: [x, 0, 0],
    shape: [2, 1, 1],
    values: Float32Array.of(value, value),
  });
  assertEquals(placeBoxes([box(0, 1), box(1, 4)], [4, 1, 1]), Float32Array.of(1, 2.5, 4, 0));
});

Deno.test("boxes that are not within the volume are refused", () => {
  const values = new Float32Array(8);
  for (const origin of [[4, 0, 0], [0, -1, 0], [0, 0, 3]]) {
    const box = { origin, shape: [2, 2, 2], values };
    assertThrows(() => placeBoxes([box], shape), RangeError, "not within 5x6x4");
  }
  const box = { origin: [0, 0, 0], shape: [2, 2, 1], values };
  assertThrows(() => placeBoxes([box], shape), RangeError, "8 voxels of 2x2x1");
});
