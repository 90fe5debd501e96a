import { assertAlmostEquals, assertEquals } from "@std/assert";
import { averageBlocks, buildPyramid } from "../../../src/imaging/registration/pyramid.ts";
import type { ScalarImage } from "../../../src/imaging/scalar_image.ts";

/** Voxels of 1 by 0.9 by 3 mm whose values are their world coordinates along one axis. */
function ramp(world: number): ScalarImage {
  // deno-fmt-ignore
  const affine = Float64Array.of(
    0, 0.9, 0, -7,
    -1, 0, 0, 20,
    0, 0, 3, 5,
    0, 0, 0, 1,
  );
  const shape: [number, number, number] = [9, 12, 7];
  const data = new Float32Array(9 * 12 * 7);
  for (let k = 0, at = 0; k < 7; k++) {
    for (let j = 0; j < 12; j++) {
      for (let i = 0; i < 9; i++) data[at++] = worldOf(affine, world, i, j, k);
    }
  }
  return { shape, data, affine };
}

function worldOf(affine: Float64Array, world: number, i: number, j: number, k: number): number {
  const row = 4 * world;
  return affine[row] * i + affine[row + 1] * j + affine[row + 2] * k + affine[row + 3];
}

Deno.test("the mean of a block is the image at the block's place in the world", () => {
  for (const world of [0, 1, 2]) {
    const image = averageBlocks(ramp(world), 2);
    assertEquals(image.shape, [4, 6, 7]);
    for (const [i, j, k] of [[0, 0, 0], [3, 5, 6], [1, 4, 2]]) {
      const expected = worldOf(image.affine, world, i, j, k);
      assertAlmostEquals(image.data[i + 4 * (j + 6 * k)], expected, 1e-5);
    }
  }
});

Deno.test("a pyramid has voxels of its own size, about 2 mm and about 4 mm", () => {
  const { fine, middle, coarse } = buildPyramid(ramp(0));
  assertEquals([fine.shape, middle.shape, coarse.shape], [[9, 12, 7], [4, 6, 7], [2, 3, 7]]);
});

Deno.test("smoothing keeps a ramp inside and reaches as far in mm along each axis", () => {
  const { middle } = buildPyramid(ramp(2));
  assertAlmostEquals(middle.data[1 + 4 * (2 + 6 * 3)], worldOf(middle.affine, 2, 1, 2, 3), 0.05);
});
