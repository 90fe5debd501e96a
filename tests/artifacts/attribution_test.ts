import { assertEquals } from "@std/assert";
import {
  individualStem,
  meanStem,
  parsePicturePath,
  picturePath,
  stemOfMaps,
} from "../../src/artifacts/attribution.ts";
import { sameGeometry } from "../../src/artifacts/attribution_maps.ts";

Deno.test("the path of a picture names what it shows", () => {
  const parsed = (stem: string) => parsePicturePath(picturePath(stem));
  assertEquals(parsed(meanStem("loss")), { stem: "loss/mean", selectionMetric: "loss" });
  assertEquals(parsed(meanStem("loss", 1)), {
    stem: "loss/class-1/mean",
    selectionMetric: "loss",
    node: 1,
  });
  assertEquals(parsed(individualStem("loss", { participant: "sub-1", session: "ses-M000" })), {
    stem: "loss/individual/sub-1_ses-M000",
    selectionMetric: "loss",
    image: "sub-1_ses-M000",
  });
  for (const path of ["participants.tsv", "loss/mean_map.safetensors", "loss/other_map.png"]) {
    assertEquals(parsePicturePath(path), undefined);
  }
  assertEquals(stemOfMaps("loss/mean_map.safetensors"), "loss/mean");
  assertEquals(stemOfMaps("loss/mean_map.png"), undefined);
});

Deno.test("images have one grid when slices, voxels and affine agree", () => {
  const affine = Float64Array.of(0, 2, 0, 5, -1, 0, 0, 6, 0, 0, 3, 7, 0, 0, 0, 1);
  const grid = Int32Array.of(2, 3, 6);
  const one = { elements: Int32Array.of(4, 0), affine, grid };
  assertEquals(sameGeometry(one, { ...one, affine: affine.map((v) => v + 1e-6) }), true);
  assertEquals(sameGeometry(one, { ...one, affine: affine.map((v) => v + 1e-2) }), false);
  assertEquals(sameGeometry(one, { ...one, elements: Int32Array.of(0, 4) }), false);
  assertEquals(sameGeometry(one, { ...one, grid: Int32Array.of(2, 3, 7) }), false);
  const cut = (x: number) => ({ ...one, origins: Int32Array.of(x, 0, 0) });
  assertEquals([cut(1), cut(0), one].map((other) => sameGeometry(cut(1), other)), [
    true,
    false,
    false,
  ]);
  assertEquals(sameGeometry(one, { elements: one.elements }), false);
  assertEquals(sameGeometry({ elements: one.elements }, one), false);
  assertEquals(sameGeometry({ elements: one.elements }, { elements: one.elements }), true);
});
