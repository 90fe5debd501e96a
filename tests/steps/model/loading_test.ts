import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import {
  deviceNormalisation,
  loadedShape,
  loadingOf,
  loadOnHost,
} from "../../../src/steps/model/loading.ts";
import expected from "../../fixtures/imaging/size_reduction.json" with { type: "json" };

/** The volume of make_size_reduction.py; extraction has set NaN to 0. */
function volume(): Float32Array {
  const values = new Float32Array(169 * 208 * 179);
  for (let i = 0; i < values.length; i++) values[i] = Math.imul(i, 2654435761) >>> 8;
  for (let i = 5; i < values.length; i += 1001) values[i] = 0;
  values[0] = 40000000;
  return values;
}

Deno.test("whole images are normalised and then reduced, as ClinicaDL does", () => {
  const extents = [169, 208, 179];
  const stored = volume();
  for (const [factor, { shape, at, values, sum }] of Object.entries(expected)) {
    const loading = loadingOf({ size_reduction: true, size_reduction_factor: Number(factor) });
    assertEquals(loadedShape(loading, "image", [1, ...extents]), [1, ...shape]);
    assertEquals(deviceNormalisation(loading), "none");
    const [reduced] = loadOnHost(loading, [stored], [extents]);
    assertEquals(reduced.length, shape.reduce((product, size) => product * size));
    at.forEach((position, i) => assertAlmostEquals(reduced[position], values[i], 6e-8));
    assertAlmostEquals(reduced.reduce((total, value) => total + value, 0), sum, 1e-3);
  }
});

Deno.test("images that are not normalised are reduced as they are", () => {
  const loading = loadingOf({ normalize: false, size_reduction: true });
  const values = Float32Array.from({ length: 64 }, (_, i) => 10 * i);
  const [reduced] = loadOnHost(loading, [values], [[4, 4, 4]]);
  assertEquals([...reduced], [0, 20, 80, 100, 320, 340, 400, 420]);
});

Deno.test("a reduction is of whole images, and keeps a voxel along each axis at least", () => {
  const loading = loadingOf({ size_reduction: true, size_reduction_factor: 3 });
  assertThrows(
    () => loadedShape(loading, "patch", [1, 32, 32, 32]),
    DataError,
    'size_reduction: reduces whole images, as extract.images takes them, and these are of mode "patch"',
  );
  assertThrows(
    () => loadedShape(loading, "image", [1, 32, 2, 32]),
    DataError,
    "axis 1 of the images has too few voxels (2) to be reduced by 3",
  );
});

Deno.test("an image's own range scales all its elements, a range of none makes zeros", () => {
  const loading = loadingOf({ normalization_level: "image" });
  const elements = [Float32Array.of(2, 4), Float32Array.of(6, 10, 2)];
  assertEquals(
    loadOnHost(loading, elements, [[1, 2], [1, 3]]).map((values) => [...values]),
    [[0, 0.25], [0.5, 1, 0]],
  );
  assertEquals(loadOnHost(loading, [Float32Array.of(3, 3)], [[1, 2]]), [Float32Array.of(0, 0)]);
  // The device scales each element by its own.
  assertEquals(loadOnHost(loadingOf({}), elements, [[1, 2], [1, 3]]), elements);
  assertEquals(deviceNormalisation(loadingOf({})), "element");
});
