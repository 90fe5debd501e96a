import { assertEquals } from "@std/assert";
import { filterLines, filterWords, packFilter } from "../../../kernels/augment/line_filter.ts";
import { assertClose, numbers, onDevice } from "../on_device.ts";

const [depth, height, width] = [5, 9, 17];
const count = depth * height * width;

/** The line's spectrum by the definition, times the gains, and back: the real part. */
function filtered(line: number[], gains: number[]): number[] {
  const n = line.length;
  const lowest = Math.floor(n / 2);
  return line.map((_, at) => {
    let sum = 0;
    gains.forEach((gain, k) => {
      const frequency = k - lowest;
      line.forEach((value, j) => {
        sum += gain * value * Math.cos(2 * Math.PI * frequency * (at - j) / n) / n;
      });
    });
    return sum;
  });
}

Deno.test("each sample's lines have their frequencies multiplied by its gains, others stay", async () => {
  await onDevice(async (bench) => {
    const shape = { batch: 4, depth, height, width };
    const x = numbers(4 * count, 7);
    const words = filterWords(shape);
    const records = new Float32Array(4 * words);
    const strides = [height * width, width, 1];
    const extents = [depth, height, width];
    const gains = extents.map((n, axis) => Array.from(numbers(n, 20 + axis)));
    gains.forEach((each, axis) => packFilter(axis, each, records.subarray(axis * words)));
    const [once, twice, moved] = [0, 1, 2].map(() => bench.buffer(4 * count * 4));
    const base = numbers(4 * count, 8);
    const results = await bench.run((program) => {
      const options = { shape, x: bench.buffer(x), filters: bench.buffer(records), label: "test" };
      filterLines(program, { ...options, y: once });
      filterLines(program, { ...options, y: twice });
      filterLines(program, { ...options, y: twice, accumulate: true });
      filterLines(program, { ...options, y: moved, base: bench.buffer(base) });
      return [once, twice, moved];
    });
    for (let axis = 0; axis < 3; axis++) {
      const [expected, changed] = [new Float64Array(count), new Float64Array(count)];
      for (let p = 0; p < count; p++) {
        if (Math.floor(p / strides[axis]) % extents[axis] !== 0) continue;
        const places = Array.from({ length: extents[axis] }, (_, i) => p + i * strides[axis]);
        const line = places.map((place) => x[axis * count + place]);
        filtered(line, gains[axis]).forEach((value, i) => expected[places[i]] = value);
        const under = places.map((place) => base[axis * count + place]);
        filtered(line.map((value, i) => value - under[i]), gains[axis]).forEach((value, i) =>
          changed[places[i]] = under[i] + value
        );
      }
      const part = (result: Float32Array) => result.subarray(axis * count, (axis + 1) * count);
      assertClose(part(results[0]), expected, 1e-6);
      assertClose(part(results[1]), expected.map((value) => 2 * value), 1e-6);
      assertClose(part(results[2]), changed, 1e-6);
    }
    for (const [i, left] of [x, x, base].entries()) {
      assertEquals(results[i].slice(3 * count), left.slice(3 * count));
    }
  });
});
