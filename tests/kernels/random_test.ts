import { assert, assertEquals } from "@std/assert";
import { addNoise, dropout, generateWords } from "../../kernels/random.ts";
import { Random } from "../../src/random.ts";
import { assertClose, numbers, onDevice } from "./on_device.ts";

Deno.test("random words are the host's, bit for bit", async () => {
  await onDevice(async (bench) => {
    const words = bench.buffer(1000 * 8);
    const params = bench.uniform(Uint32Array.of(17, 0xdeadbeef, 0, 0));
    const [result] = await bench.run((program) => {
      generateWords(program, { words, count: 1000, stream: 0x12345678, params });
      return [words];
    });
    const bits = new Uint32Array(result.buffer);
    const random = new Random(0xdeadbeef, 0x12345678);
    for (let i = 0; i < 1000; i++) {
      assertEquals([bits[2 * i], bits[2 * i + 1]], [...random.wordsAt(17, i)]);
    }
  });
});

Deno.test("dropout keeps the elements that the host's numbers keep, scaled", async () => {
  await onDevice(async (bench) => {
    const x = numbers(1024);
    const y = bench.buffer(4096);
    const params = bench.uniform(Uint32Array.of(3, 5, 0, 0));
    const [result] = await bench.run((program) => {
      const options = { bytes: 4096, probability: 0.3, stream: 11, params };
      dropout(program, { x: bench.buffer(x), y, ...options });
      return [y];
    });
    const random = new Random(5, 11);
    const expected = x.map((v, i) => random.uniformAt(3, i) >= Math.fround(0.3) ? v / 0.7 : 0);
    assertClose(result, expected, 1e-6);
  });
});

Deno.test("noise has each sample's deviation and none where it is zero", async () => {
  await onDevice(async (bench) => {
    const pixels = 4096;
    const y = bench.buffer(2 * pixels * 16);
    const params = bench.uniform(Uint32Array.of(0, 1, 0, 0));
    const [result] = await bench.run((program) => {
      addNoise(program, {
        x: bench.buffer(new Float32Array(2 * pixels * 4).fill(1)),
        y,
        deviations: bench.buffer(Float32Array.of(0, 0.25)),
        batch: 2,
        bytes: 2 * pixels * 16,
        stream: 9,
        params,
      });
      return [y];
    });
    assert(result.subarray(0, pixels * 4).every((v) => v === 1));
    const noise = Array.from({ length: pixels }, (_, p) => result[(pixels + p) * 4] - 1);
    const mean = noise.reduce((a, b) => a + b) / pixels;
    const deviation = Math.sqrt(noise.reduce((a, b) => a + (b - mean) ** 2, 0) / pixels);
    // Four standard errors of mean and deviation.
    assert(Math.abs(mean) < 4 * 0.25 / Math.sqrt(pixels));
    assert(Math.abs(deviation - 0.25) < 4 * 0.25 / Math.sqrt(2 * pixels));
  });
});
