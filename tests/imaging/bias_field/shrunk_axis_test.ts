import { assert, assertEquals } from "@std/assert";
import { shrinkAxis } from "../../../src/imaging/bias_field/shrunk_axis.ts";

Deno.test("an axis is padded to a multiple of the spline distance and subsampled about its centre", () => {
  // 20 mm in 11 voxels, padded by 10 voxels to 40 mm: voxels -5 to 15, of which -3, 1, 5, 9 and 13.
  const axis = shrinkAxis(11, 2, 40);
  assertEquals(axis.spans, 1);
  assertEquals([...axis.samples], [1, 5, 9]);
  assertEquals([...axis.samplePositions], [1 / 4, 2 / 4, 3 / 4]);
  assertEquals([...axis.voxelPositions], Array.from({ length: 11 }, (_, i) => (5 + i) / 20));
});

Deno.test("an odd voxel of padding follows the image", () => {
  // 18 mm in 10 voxels, padded by 11: five before, six after.
  assertEquals(shrinkAxis(10, 2, 40).voxelPositions[0], 5 / 20);
});

Deno.test("an axis as long as the spline distance is not padded", () => {
  const axis = shrinkAxis(201, 1, 200);
  assertEquals(axis.spans, 1);
  assertEquals([axis.voxelPositions[0], axis.voxelPositions[200]], [0, 1]);
  assertEquals([axis.samples[0], axis.samples.at(-1), axis.samples.length], [2, 198, 50]);
  assertEquals([axis.samplePositions[0], axis.samplePositions[49]], [0, 1]);
  assertEquals(shrinkAxis(202, 1, 200).spans, 2);
});

Deno.test("a length that differs from the spline distance by rounding only is one span", () => {
  const spacing = 1 + 1e-15;
  assert(200 * spacing > 200);
  assertEquals(shrinkAxis(201, spacing, 200).spans, 1);
});

Deno.test("of two choices that are equally near the centre the later one is taken", () => {
  // Ten voxels without padding: 3 and 7, not 2 and 6.
  assertEquals([...shrinkAxis(10, 2, 18).samples], [3, 7]);
});

Deno.test("half a voxel of padding is rounded as in float32", () => {
  // 38.5 and 55.5 voxels of padding to 300 mm, of 1.6 mm that no float holds exactly.
  const start = (voxels: number) => shrinkAxis(voxels, 1.6, 100).voxelPositions[0];
  assertEquals([start(150), start(133)], [19 / 187, 28 / 188]);
});

Deno.test("samples start no earlier than the padding's remainder by the shrink factor", () => {
  // 19 voxels of padding before the image: sample 3, not 2, of the padded axis is the first.
  const axis = shrinkAxis(150, 1.6, 100);
  assertEquals([axis.samples[0], axis.samples[1]], [0, 4]);
  assertEquals(axis.samplePositions[0], 4 / 46);
});

Deno.test("as many voxels as the shrink factor hold at least one sample, wherever padding puts them", () => {
  for (let distance = 40; distance < 120; distance++) {
    const { samples } = shrinkAxis(4, 1, distance);
    assertEquals(samples.length, 1, `${distance} mm`);
  }
});
