import { assertEquals } from "@std/assert";
import { cutViews, middleOf } from "../../src/imaging/orthogonal_views.ts";

const shape = [2, 3, 4];
/** The digits of a value are its place. */
const data = Float32Array.from(
  { length: 24 },
  (_, i) => 100 * Math.floor(i / 12) + 10 * (Math.floor(i / 4) % 3) + i % 4,
);

Deno.test("without an affine the axes count as right, anterior and superior, and no side is named", () => {
  const [axial, coronal, sagittal] = cutViews({ shape, data }, [1, 2, 3]);
  assertEquals([axial.rows, axial.columns], [2, 3]);
  assertEquals([...axial.values], [3, 13, 23, 103, 113, 123]);
  assertEquals([...coronal.values], [20, 21, 22, 23, 120, 121, 122, 123]);
  assertEquals([sagittal.rows, sagittal.columns], [3, 4]);
  assertEquals([...sagittal.values], [100, 101, 102, 103, 110, 111, 112, 113, 120, 121, 122, 123]);
  for (const { sides, voxel } of [axial, coronal, sagittal]) {
    assertEquals([sides, voxel], [undefined, [1, 1]]);
  }
});

Deno.test("a volume that is stored as PSL is turned upright, with its true voxel sizes", () => {
  // Axis 0 points to posterior (2 mm), axis 1 to superior (3 mm), axis 2 to left (4 mm).
  const affine = Float64Array.of(0, 0, -4, 0, -2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 1);
  const [axial, coronal, sagittal] = cutViews({ shape, data, affine }, [1, 2, 3]);
  assertEquals([axial.rows, axial.columns, axial.voxel], [4, 2, [4, 2]]);
  assertEquals([...axial.values], [123, 23, 122, 22, 121, 21, 120, 20]);
  assertEquals([coronal.rows, coronal.columns, coronal.voxel], [4, 3, [4, 3]]);
  assertEquals([...coronal.values].slice(0, 3), [103, 113, 123]);
  assertEquals([...sagittal.values], [103, 113, 123, 3, 13, 23]);
  assertEquals([axial, coronal, sagittal].map(({ sides }) => sides?.join("")), ["LR", "LR", "PA"]);
});

Deno.test("the middle of an even number of voxels is the second of the two", () => {
  assertEquals(middleOf([4, 5, 1]), [2, 2, 0]);
});
