import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { invertAffine, multiplyAffines } from "../../../src/imaging/nifti/affine.ts";
import { crop, resample } from "../../../src/imaging/resampling/mod.ts";
import type { ScalarImage } from "../../../src/imaging/scalar_image.ts";

function scaling(sizes: readonly number[], origin: readonly number[]): Float64Array {
  const affine = new Float64Array(16);
  sizes.forEach((size, axis) => affine[5 * axis] = size);
  origin.forEach((offset, row) => affine[4 * row + 3] = offset);
  affine[15] = 1;
  return affine;
}

const IDENTITY = scaling([1, 1, 1], [0, 0, 0]);

/** An image whose voxel (i, j, k) is (31 i + 57 j + 101 k + i j k) mod 97. */
function image(shape: [number, number, number], affine: Float64Array): ScalarImage {
  const data = new Float32Array(shape[0] * shape[1] * shape[2]);
  let at = 0;
  for (let k = 0; k < shape[2]; k++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let i = 0; i < shape[0]; i++) data[at++] = (31 * i + 57 * j + 101 * k + i * j * k) % 97;
    }
  }
  return { shape, data, affine };
}

const MOVING = image([4, 5, 6], scaling([1, 1.5, 2], [-10, 20, -30]));
const GRID = {
  shape: [5, 7, 11] as [number, number, number],
  affine: scaling([1.25, 1.25, 1.25], [-7, 20.5, -32]),
};
// deno-fmt-ignore
const TRANSFORM = Float64Array.of(
  0.984375, -0.125, 0.0625, 0.375,
  0.09375, 1.03125, -0.015625, -1.25,
  -0.03125, 0.046875, 0.96875, 0.3125,
  0, 0, 0, 1,
);

/**
 * Voxels of the grid with the values that antsApplyTransforms gives them (ANTs 2.6, linear). Those of
 * the first list lie between the outermost centres and the border half a voxel beyond.
 */
const BY_ANTS: readonly (readonly [i: number, j: number, k: number, value: number])[] = [
  ...[
    [1, 0, 5, 29.847656],
    [1, 2, 0, 33.348957],
    [1, 3, 2, 48.929688],
    [1, 5, 8, 54],
    [2, 0, 5, 67.91406],
    [2, 3, 8, 56.86792],
    [3, 0, 6, 11.28125],
    [3, 5, 4, 38.144012],
    [4, 5, 1, 44.71875],
  ] as const,
  ...[
    [1, 1, 1, 48.395435],
    [1, 2, 4, 44.100845],
    [2, 1, 0, 68.58043],
    [2, 4, 0, 40.082302],
    [3, 0, 0, 68.98311],
    [3, 2, 4, 43.76191],
    [3, 4, 4, 51.30553],
  ] as const,
];

Deno.test("an image on another grid has the values of antsApplyTransforms", () => {
  const { data, shape, affine } = resample(MOVING, GRID, TRANSFORM);
  assertEquals([shape, affine], [GRID.shape, GRID.affine]);
  for (const [i, j, k, value] of BY_ANTS) {
    assertAlmostEquals(data[i + 5 * (j + 7 * k)], value, 3e-5, `voxel ${[i, j, k]}`);
  }
});

Deno.test("every voxel of another grid is the weighted sum of its eight neighbours, or 0 outside", () => {
  const { data } = resample(MOVING, GRID, TRANSFORM);
  const w = multiplyAffines(
    invertAffine(MOVING.affine),
    multiplyAffines(TRANSFORM, GRID.affine),
  );
  let inside = 0;
  for (let at = 0; at < data.length; at++) {
    const index = [at % 5, Math.floor(at / 5) % 7, Math.floor(at / 35)];
    const position = [0, 4, 8].map((row) =>
      w[row] * index[0] + w[row + 1] * index[1] + w[row + 2] * index[2] + w[row + 3]
    );
    const known = position.every((p, axis) => p >= -0.5 && p < MOVING.shape[axis] - 0.5);
    if (known) inside++;
    assertAlmostEquals(data[at], known ? sumOfNeighbours(position) : 0, 1e-4);
  }
  assertEquals(inside > 100 && inside < data.length - 100, true);
});

function sumOfNeighbours(position: readonly number[]): number {
  const [nx, ny, nz] = MOVING.shape;
  const clamp = (value: number, extent: number) => Math.min(extent - 1, Math.max(0, value));
  const [x, y, z] = position.map((p, axis) => clamp(p, MOVING.shape[axis]));
  let sum = 0;
  for (let k = 0; k < nz; k++) {
    for (let j = 0; j < ny; j++) {
      for (let i = 0; i < nx; i++) {
        const weight = [x - i, y - j, z - k].reduce((w, d) => w * Math.max(0, 1 - Math.abs(d)), 1);
        sum += weight * MOVING.data[i + nx * (j + ny * k)];
      }
    }
  }
  return sum;
}

Deno.test("an image is inside up to half a voxel beyond its outermost centres, the upper border excluded", () => {
  const row = { shape: [2, 1, 1] as [number, number, number], affine: IDENTITY };
  const moving: ScalarImage = { ...row, data: Float32Array.of(3, 7) };
  const grid = {
    shape: [9, 1, 1] as [number, number, number],
    affine: scaling([0.25, 1, 1], [-0.5, 0, 0]),
  };
  const { data } = resample(moving, grid, IDENTITY);
  assertEquals([...data], [3, 3, 3, 4, 5, 6, 7, 7, 0]);
});

Deno.test("a singular affine can't be resampled", () => {
  const flat = { ...MOVING, affine: scaling([1, 0, 1], [0, 0, 0]) };
  assertThrows(() => resample(flat, GRID, IDENTITY), RangeError, "singular");
});

Deno.test("a cropped image keeps its voxels where they are in mm", () => {
  const whole = image([5, 6, 7], scaling([2, 3, 1], [-1, 4, 9]));
  const { shape, data, affine } = crop(whole, [1, 2, 0], [3, 4, 5]);
  assertEquals(shape, [3, 4, 5]);
  assertEquals(data.length, 60);
  for (const [i, j, k] of [[0, 0, 0], [2, 3, 4], [1, 2, 3]]) {
    assertEquals(data[i + 3 * (j + 4 * k)], whole.data[i + 1 + 5 * (j + 2 + 6 * k)]);
  }
  assertEquals([affine[3], affine[7], affine[11]], [1, 10, 9]);
});

Deno.test("a box beyond the image is refused", () => {
  const whole = image([5, 6, 7], IDENTITY);
  for (
    const [start, shape] of [[[1, 0, 0], [5, 6, 7]], [[0, -1, 0], [1, 2, 3]], [[0, 0, 0], [
      5,
      6,
      0,
    ]]]
  ) {
    assertThrows(
      () => crop(whole, start as [number, number, number], shape as [number, number, number]),
      RangeError,
      "reach beyond an image of 5 x 6 x 7",
    );
  }
});
