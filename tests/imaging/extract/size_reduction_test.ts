import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import {
  reducedAffine,
  reducedShape,
  reduceSize,
} from "../../../src/imaging/extract/size_reduction.ts";

const TEMPLATE = [169, 208, 179];

Deno.test("a reduced template keeps the voxels of ClinicaDL's windows, and its affine says where", () => {
  const windows: Record<number, [start: number, count: number][]> = {
    2: [[4, 80], [8, 96], [8, 80]],
    3: [[0, 56], [8, 64], [4, 56]],
    4: [[4, 40], [8, 48], [8, 40]],
    5: [[4, 32], [0, 40], [8, 32]],
  };
  const [nx, ny, nz] = TEMPLATE;
  const values = Float32Array.from({ length: nx * ny * nz }, (_, i) => i);
  const affine = Float64Array.of(-1, 0, 0, 10, 0, 1, 0, 20, 0, 0, 1, 30, 0, 0, 0, 1);
  for (const [factor, [[x0, x], [y0, y], [z0, z]]] of Object.entries(windows)) {
    const step = Number(factor);
    assertEquals(reducedShape(step, TEMPLATE), [x, y, z]);
    const reduced = reduceSize(values, step, TEMPLATE);
    assertEquals(reduced.length, x * y * z);
    const at = (i: number, j: number, k: number) =>
      ((x0 + step * i) * ny + y0 + step * j) * nz + z0 + step * k;
    assertEquals(reduced[0], at(0, 0, 0));
    assertEquals(reduced[z * (1 + y * 3) + 2], at(3, 1, 2));
    assertEquals(reduced[reduced.length - 1], at(x - 1, y - 1, z - 1));
    const moved = reducedAffine(affine, step, TEMPLATE);
    assertEquals([...moved.subarray(0, 8)], [-step, 0, 0, 10 - x0, 0, step, 0, 20 + y0]);
  }
});

Deno.test("on other grids the reduced window is the largest that is centred", () => {
  const shape = [7, 9, 8];
  const values = Float32Array.from({ length: 7 * 9 * 8 }, (_, i) => i);
  assertEquals(reducedShape(4, shape), [1, 2, 2]);
  const at = (x: number, y: number, z: number) => (x * 9 + y) * 8 + z;
  assertEquals([...reduceSize(values, 4, shape)], [
    at(1, 0, 0),
    at(1, 0, 4),
    at(1, 4, 0),
    at(1, 4, 4),
  ]);
});

Deno.test("an image with fewer voxels than the factor can't be reduced", () => {
  assertThrows(
    () => reducedShape(4, [7, 3, 24]),
    DataError,
    "size_reduction_factor: axis 1 of the images has too few voxels (3) to be reduced by 4",
  );
});
