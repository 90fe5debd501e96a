import { assertEquals } from "@std/assert";
import { percentilesOf } from "../../../src/steps/model/percentiles.ts";

/** NumPy's definition, by sorting. */
function bySorting(values: Float32Array, share: number): number {
  const sorted = values.toSorted();
  const place = share / 100 * (values.length - 1);
  const low = Math.floor(place);
  const high = Math.min(low + 1, values.length - 1);
  return sorted[low] + (place - low) * (sorted[high] - sorted[low]);
}

Deno.test("percentiles are those of the sorted values, bit for bit", () => {
  const spread = Float32Array.from({ length: 5003 }, (_, i) => Math.tan(i * i) * 1e3);
  const tied = Float32Array.from({ length: 999 }, (_, i) => i % 3 === 0 ? 0 : i % 7 - 2.5);
  const shares = [0, 0.5, 1, 33.3, 50, 66.6, 99.5, 100];
  for (const values of [spread, tied, Float32Array.of(-1e-42, 3), Float32Array.of(-0, 7, -8)]) {
    const given = values.slice();
    const found = percentilesOf(values, shares);
    shares.forEach((share, i) => assertEquals(found[i], bySorting(values, share)));
    assertEquals(values, given, "the values stay as they are");
  }
});
