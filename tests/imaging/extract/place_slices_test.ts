import { assertEquals, assertThrows } from "@std/assert";
import { type Axis, extract } from "../../../src/imaging/extract/extraction.ts";
import { readNifti } from "../../../src/imaging/nifti/nifti.ts";
import { writeNifti } from "../../../src/imaging/nifti/write.ts";
import { placeSlices } from "../../../src/imaging/extract/place_slices.ts";

const shape = [4, 5, 3];
const voxels = Float32Array.from({ length: 60 }, (_, i) => i + 1);
const affine = Float64Array.of(-2, 0, 0, 9, 0, 1, 0, 8, 0, 0, 3, 7, 0, 0, 0, 1);
const volume = readNifti(writeNifti({ shape, voxels, affine }), "image.nii.gz");

for (const axis of [0, 1, 2] as Axis[]) {
  Deno.test(`slices across axis ${axis} go back to where they were cut`, () => {
    const recipe = {
      mode: "slice",
      slice_direction: axis,
      slices: [2, 1],
      orientation: "stored",
    } as const;
    const { data, elements, grid } = extract(volume, recipe, new Map(), "image.nii.gz");
    const placed = placeSlices(data, elements, axis, grid);
    const index = (i: number) => [i % 4, Math.floor(i / 4) % 5, Math.floor(i / 20)][axis];
    assertEquals(placed, voxels.map((v, i) => [1, 2].includes(index(i)) ? v : 0));
  });
}

Deno.test("slices that are not of the volume are refused", () => {
  assertThrows(() => placeSlices(new Float32Array(20), [3], 2, shape), RangeError, "no slice 3");
  assertThrows(() => placeSlices(new Float32Array(19), [2], 2, shape), RangeError, "19 values");
});
