import { assertEquals } from "@std/assert";
import { quaternionAffine } from "../../../src/imaging/nifti/affine.ts";

Deno.test("a quaternion of length 1 but for rounding is a half turn, as in nibabel", () => {
  const rotation = (d: number) =>
    quaternionAffine({ quaternion: [0, 0, d], zooms: [1, 1, 1], offset: [0, 0, 0], qfac: 1 });
  // d as float32 holds it: nibabel's fillpositive sets a to 0 within three of float32's epsilons.
  for (const d of [1, Math.fround(1 - 1e-7), Math.fround(1 + 1e-7)]) {
    const [xx, xy, , , yx, yy] = rotation(d);
    assertEquals([xx, xy, yx, yy], [-1, 0, 0, -1]);
  }
  assertEquals(rotation(1 - 4e-7)[4] > 1e-3, true);
});
