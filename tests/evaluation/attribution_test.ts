import { assertEquals, assertThrows } from "@std/assert";
import { MeanMaps } from "../../src/evaluation/attribution.ts";

Deno.test("means of maps are over images, of everyone and of each class", () => {
  const means = new MeanMaps(2);
  means.add(Float32Array.of(1, -4), 1);
  means.add(Float32Array.of(3, 2), 0);
  means.add(Float32Array.of(5, 5), 1);
  means.add(Float32Array.of(7, 1));
  assertEquals(means.mean(), Float32Array.of(4, 1));
  assertEquals(means.mean(0), Float32Array.of(3, 2));
  assertEquals(means.mean(1), Float32Array.of(3, 0.5));
  assertEquals(means.classes, [0, 1]);
});

Deno.test("a mean of nothing and maps of another size are refused", () => {
  const means = new MeanMaps(2);
  assertThrows(() => means.mean(), RangeError, "no images");
  assertThrows(() => means.add(new Float32Array(3)), RangeError, "3 values");
});
