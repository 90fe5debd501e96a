import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  axisDirections,
  gridDistance,
  inWorldOrder,
  orientationOf,
  sameSpacing,
  spacingOf,
  toRas,
} from "../../../src/imaging/nifti/orientation.ts";
import { storedIn48Orientations } from "../orientations.ts";
import expected from "../../fixtures/imaging/orientations.json" with { type: "json" };

Deno.test("oblique, sheared and left-handed affines have nibabel's orientation", () => {
  for (const { affine, code } of expected) {
    assertEquals(orientationOf(new Float64Array(affine)), code);
  }
});

Deno.test("a singular affine has no orientation", () => {
  assertEquals(axisDirections(new Float64Array(16)), undefined);
  const flat = Float64Array.of(1, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1);
  assertEquals(orientationOf(flat), undefined);
});

Deno.test("a volume of each of the 48 orientations turns to RAS without changing a voxel", () => {
  const files = storedIn48Orientations();
  assertEquals(files.size, 48);
  const [ras] = [...files.values()];
  for (const [code, volume] of files) {
    assertEquals(orientationOf(volume.affine), code);
    const turned = toRas(volume)!;
    assertEquals(turned.shape, ras.shape);
    assertEquals(turned.voxels, ras.voxels);
    assertEquals(turned.affine, ras.affine);
    assertEquals(inWorldOrder(volume.shape, code), ras.shape);
    assertEquals(inWorldOrder(spacingOf(volume.affine), code), spacingOf(ras.affine));
  }
  assert(toRas(ras) === ras);
});

Deno.test("voxel sizes agree within one part in a hundred", () => {
  assert(sameSpacing([1, 1, 1], [1, 1.005, 0.9999999]));
  assert(!sameSpacing([1, 1, 1], [1, 1, 1.02]));
});

Deno.test("grids are compared at their corners, in voxels", () => {
  const affine = Float64Array.of(2, 0, 0, 5, 0, 1, 0, 6, 0, 0, 1, 7, 0, 0, 0, 1);
  const grid = { shape: [11, 12, 13], affine };
  const changed = (edit: (affine: Float64Array) => void) => {
    const other = affine.slice();
    edit(other);
    return gridDistance(grid, { affine: other });
  };
  assertEquals(changed((other) => other[3] += 0.19), undefined);
  assertAlmostEquals(changed((other) => other[3] += 1)!, 0.5);
  assertAlmostEquals(changed((other) => other[10] += 0.1)!, 1.2);
  assertAlmostEquals(changed((other) => [other[0], other[3]] = [-2, 25])!, 10);
});
