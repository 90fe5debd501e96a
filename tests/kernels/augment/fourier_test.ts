import { assertEquals } from "@std/assert";
import { radicesOf, transformFourier } from "../../../kernels/augment/fourier.ts";
import { assertClose, numbers, onDevice } from "../on_device.ts";

Deno.test("radices are products of prime factors, and their product is the length", () => {
  assertEquals(radicesOf(1), []);
  assertEquals(radicesOf(80), [16, 5]);
  assertEquals(radicesOf(169), [13, 13]);
  assertEquals(radicesOf(179), [179]);
  for (let n = 2; n < 300; n++) {
    assertEquals(radicesOf(n).reduce((product, radix) => product * radix, 1), n);
  }
});

/** The definition along one axis, in float64. */
function transformAxis(values: Float64Array, extent: number, stride: number): Float64Array {
  const result = new Float64Array(values.length);
  for (let p = 0; 2 * p < values.length; p++) {
    const at = Math.floor(p / stride) % extent;
    for (let j = 0; j < extent; j++) {
      const angle = -2 * Math.PI * (at * j % extent) / extent;
      const [re, im] = values.subarray(2 * (p + (j - at) * stride));
      result[2 * p] += re * Math.cos(angle) - im * Math.sin(angle);
      result[2 * p + 1] += re * Math.sin(angle) + im * Math.cos(angle);
    }
  }
  return result;
}

for (
  const [depth, height, width] of [[1, 1, 1], [1, 12, 26], [5, 23, 18], [2, 3, 179], [3, 92, 9], [
    3,
    5,
    7,
  ]]
) {
  Deno.test(`the spectrum of ${depth}x${height}x${width} is that of the definition`, async () => {
    await onDevice(async (bench) => {
      const count = depth * height * width;
      const shape = { batch: 2, depth, height, width };
      const x = numbers(2 * count, 4);
      const out = bench.buffer(2 * count * 8);
      const [result] = await bench.run((program) => {
        program.copy(transformFourier(program, { shape, x: bench.buffer(x) }), out);
        return [out];
      });
      for (const item of [0, 1]) {
        let expected: Float64Array = new Float64Array(2 * count);
        for (let p = 0; p < count; p++) expected[2 * p] = x[item * count + p];
        expected = transformAxis(expected, width, 1);
        expected = transformAxis(expected, height, width);
        expected = transformAxis(expected, depth, height * width);
        assertClose(result.subarray(item * 2 * count, (item + 1) * 2 * count), expected, 1e-6);
      }
    });
  });
}
