import { assertAlmostEquals, assertEquals } from "@std/assert";
import { checkIntensityParameters } from "../../../src/steps/model/intensity.ts";
import { deviceNormalisation, loadingOf, loadOnHost } from "../../../src/steps/model/loading.ts";
import expected from "../../fixtures/imaging/torchio_preprocessing.json" with { type: "json" };

const extents = expected.shape;
const stored = Float32Array.from({ length: 210 }, (_, i) => i * 37 % 101 - 30);

for (const { parameters, values } of expected.intensity) {
  Deno.test(`${JSON.stringify(parameters)} gives TorchIO's values`, () => {
    // On the host: the device scales by minimum and maximum alone.
    const loading = loadingOf({ ...parameters, normalization_level: "image" });
    const [found] = loadOnHost(loading, [stored], [extents]);
    found.forEach((value, i) => assertAlmostEquals(value, values[i], 2e-6));
  });
}

Deno.test("an element is normalised by itself, or with all elements of its image", () => {
  const load = (normalization_level: string) =>
    loadOnHost(
      loadingOf({ intensity_normalization: "z_score", normalization_level }),
      [Float32Array.of(1, 3), Float32Array.of(5, 7)],
      [[1, 2], [1, 2]],
    ).map((values) => [...values].map((value) => Math.round(1e4 * value) / 1e4));
  assertEquals(load("element"), [[-0.7071, 0.7071], [-0.7071, 0.7071]]);
  assertEquals(load("image"), [[-1.1619, -0.3873], [0.3873, 1.1619]]);
});

Deno.test("an element without range, or outside its mask, becomes zeros", () => {
  for (const intensity_normalization of ["z_score", "percentile"]) {
    const blank = loadingOf({ intensity_normalization, normalization_mask: "positive" });
    for (const values of [Float32Array.of(2, 2, 2), Float32Array.of(-1, -2, 0)]) {
      assertEquals([...loadOnHost(blank, [values], [[1, 3]])[0]], [0, 0, 0]);
    }
  }
});

Deno.test("min-max of elements stays on the device, also after clamping", () => {
  assertEquals(deviceNormalisation(loadingOf({ clamp: [0, 1] })), "element");
  assertEquals(deviceNormalisation(loadingOf({ intensity_normalization: "z_score" })), "none");
});

Deno.test("options that change nothing, or contradict, are refused", () => {
  const problems = (params: Parameters<typeof checkIntensityParameters>[0]) =>
    checkIntensityParameters(params).map(({ parameter }) => parameter);
  assertEquals(problems({ normalize: true, intensity_normalization: "z_score" }), []);
  assertEquals(problems({ normalize: false, intensity_normalization: "z_score" }), [
    "intensity_normalization",
  ]);
  assertEquals(problems({ normalize: true, normalization_mask: "positive" }), [
    "normalization_mask",
  ]);
  assertEquals(problems({ normalize: true, normalization_percentiles: [99, 1] }), [
    "normalization_percentiles",
    "normalization_percentiles",
  ]);
  assertEquals(problems({ normalize: false, clamp: [3, 3] }), ["clamp"]);
});
