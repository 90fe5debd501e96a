import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import {
  centreOfMass,
  orderStatistic,
  winsorise,
} from "../../../src/imaging/registration/intensities.ts";
import type { ScalarImage } from "../../../src/imaging/scalar_image.ts";
import { gridOf } from "./phantoms.ts";

function imageOf(shape: [number, number, number], valueAt: (at: number) => number): ScalarImage {
  const data = Float32Array.from(
    { length: shape[0] * shape[1] * shape[2] },
    (_, at) => valueAt(at),
  );
  return { ...gridOf(shape, 2), data };
}

Deno.test("an order statistic is the value at its place of the sorted data", () => {
  const values = Float32Array.from(
    { length: 999 },
    (_, i) => Math.imul(i, 2654435761) % 1000 * (i % 7 === 0 ? 1e-6 : 1e3),
  );
  values.set([0, -0, 3.5, 3.5, 1e-40, -1e-40]);
  const sorted = values.toSorted((a, b) => a - b);
  for (const rank of [0, 1, 5, 333, 497, 500, 501, 997, 998]) {
    assertEquals(orderStatistic(values, rank) + 0, sorted[rank] + 0, `rank ${rank}`);
  }
});

Deno.test("intensities are cut off at the quantiles 0.005 and 0.995", () => {
  const image = imageOf([10, 10, 10], (at) => at * 7 % 1000);
  const sorted = winsorise(image, "sub-01").data.toSorted();
  assertEquals([sorted[0], sorted[6]], [5, 6]);
  assertEquals([sorted[999], sorted[993]], [994, 993]);
});

Deno.test("one voxel of extreme brightness does not level the others", () => {
  const image = imageOf([10, 10, 10], (at) => at === 500 ? 1e30 : at % 100);
  assertEquals(winsorise(image, "sub-01").data[199], 99);
});

Deno.test("an image of one value, or with values that are no numbers, is refused", () => {
  const constant = imageOf([10, 10, 10], (at) => at < 3 ? 1 : 7);
  assertThrows(() => winsorise(constant, "sub-01"), DataError, "sub-01: 99 % of its voxels");
  const broken = imageOf([10, 10, 10], (at) => at === 8 ? NaN : at);
  assertThrows(() => winsorise(broken, "sub-02"), DataError, "sub-02: has values that are not");
});

Deno.test("the centre of mass is in mm and passes over a constant background", () => {
  const image = imageOf([5, 6, 7], () => 100);
  image.data[2 + 5 * (1 + 6 * 3)] = 110;
  image.data[3 + 5 * (5 + 6 * 6)] = 130;
  const { affine } = image;
  [2.75, 4, 5.25].forEach((voxel, axis) => {
    const expected = affine[5 * axis] * voxel + affine[4 * axis + 3];
    assertAlmostEquals(centreOfMass(image)[axis], expected, 1e-12);
  });
});
