import { assertEquals } from "@std/assert";
import { borderMeans } from "../../../kernels/augment/border.ts";
import { assertClose, numbers, onDevice } from "../on_device.ts";

/** Values of the outermost pixels, by faces. */
function borderOf(x: Float32Array, [depth, height, width]: number[]): number[] {
  const places = Array.from(x.keys());
  const z = (p: number) => Math.floor(p / (height * width));
  const y = (p: number) => Math.floor(p / width) % height;
  const faces = [
    ...(depth > 1 ? [(p: number) => z(p) === 0, (p: number) => z(p) === depth - 1] : []),
    (p: number) => y(p) === 0,
    (p: number) => y(p) === height - 1,
    (p: number) => p % width === 0,
    (p: number) => p % width === width - 1,
  ];
  return faces.flatMap((isOn) => places.filter(isOn).map((p) => x[p]));
}

const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;

Deno.test("the border of an image or volume has the mean of its faces, by otsu of their dark part", async () => {
  for (const extents of [[1, 7, 9], [5, 6, 4]]) {
    const [depth, height, width] = extents;
    const count = depth * height * width;
    // Dark and bright values apart from each other, then one value alone.
    const x = numbers(2 * count, 3).map((v, i) => i < count ? (v > 0.2 ? v + 4 : v) : 0.75);
    await onDevice(async (bench) => {
      const shape = { batch: 2, depth, height, width };
      const [all, dark] = [bench.buffer(8), bench.buffer(8)];
      const results = await bench.run((program) => {
        borderMeans(program, { kind: "mean", shape, x: bench.buffer(x), y: all });
        borderMeans(program, { kind: "otsu", shape, x: bench.buffer(x), y: dark });
        return [all, dark];
      });
      const border = borderOf(x.subarray(0, count), extents);
      assertEquals(border.some((v) => v > 3) && border.some((v) => v < 1), true);
      assertClose(results[0], Float32Array.of(mean(border), 0.75), 1e-6);
      assertClose(results[1], Float32Array.of(mean(border.filter((v) => v < 1)), 0.75), 1e-6);
    });
  }
});
