import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  matchIntensity,
  normaliser,
  scoreResiduals,
  VoxelStatistics,
} from "../../src/evaluation/healthy_residuals.ts";

Deno.test("voxels have the mean and the standard deviation of what was added", () => {
  const statistics = new VoxelStatistics(2);
  for (const value of [1, 2, 4]) statistics.add(Float32Array.of(value, 1000.5));
  assertAlmostEquals(statistics.mean[0], 7 / 3, 1e-12);
  assertAlmostEquals(statistics.sd[0], Math.sqrt(7 / 3), 1e-12);
  assertEquals([statistics.mean[1], statistics.sd[1]], [1000.5, 0]);
});

Deno.test("a residual is measured by its voxel's deviation and a share of the typical one", () => {
  const [mean, sd] = [Float64Array.of(1, 1, 0), Float64Array.of(2, 0, 1)];
  const typical = Math.sqrt(5 / 3);
  const [first, second] = normaliser(mean, sd, 0.5)(Float32Array.of(3, 3, 0));
  assertAlmostEquals(first, 2 / Math.hypot(2, typical / 2), 1e-6);
  assertAlmostEquals(second, 2 / (typical / 2), 1e-6);
  const still = normaliser(mean, new Float64Array(3), 0.5)(Float32Array.of(9, 9, 9));
  assertEquals([...still], [0, 0, 0]);
});

Deno.test("an output is fitted to an input by a factor and an offset", () => {
  const output = Float32Array.of(0, 1, 2, 5);
  const fitted = matchIntensity(output.map((value) => 3 * value - 2), output);
  assertEquals([...fitted], [-2, 1, 4, 13]);
  assertEquals([...matchIntensity(Float32Array.of(1, 3), Float32Array.of(7, 7))], [2, 2]);
});

Deno.test("a score is the mean of the largest values in its direction", () => {
  const map = Float32Array.of(-6, 1, 0, 4, -2, 0, 0, 0, 0, 0);
  const score = (direction: "both" | "lower" | "higher", part: number, voxels?: Uint32Array) =>
    scoreResiduals(map, { direction, part, threshold: 3 }, voxels);
  assertEquals(score("lower", 0.2).score, 4);
  assertEquals(score("higher", 0.2).score, 2.5);
  assertEquals(score("both", 0.2).score, 5);
  assertEquals(score("both", 1e-9).score, 6, "at least one voxel");
  assertAlmostEquals(score("both", 1).mean, -0.3, 1e-6);
  assertEquals([score("lower", 1).share, score("both", 1).share], [0.1, 0.2]);
  assertEquals(score("higher", 1, Uint32Array.of(1, 3)).score, 2.5);
  // Values of the other direction count as none.
  assertEquals(score("higher", 1, Uint32Array.of(0, 4)).score, 0);
  assert(Object.is(map[0], -6), "the map is left as it is");
});
