import { assert, assertEquals } from "@std/assert";
import shader from "../../kernels/random.wgsl" with { type: "text" };
import { addNoise, dropout } from "../../kernels/random.ts";
import { defineKernel } from "../../src/gpu/kernel.ts";
import { Random } from "../../src/random.ts";
import { assertClose, numbers, onDevice } from "./on_device.ts";

/** The kernel's random words themselves. */
const words = defineKernel({
  name: "random words",
  source: `${shader}
@group(0) @binding(6) var<storage, read_write> drawn: array<vec2u>;
@compute @workgroup_size(LANES)
fn draw(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&drawn)) { drawn[id.x] = words_at(id.x); }
}`,
  constants: ["STREAM"],
  params: { step: "u32", seed: "u32" },
  entries: {
    draw: { drawn: "read_write", params: "uniform" },
    dropout: { x: "read", y: "read_write", params: "uniform" },
    noise: { x: "read", y: "read_write", deviations: "read", params: "uniform" },
    item_noise: { item_noises: "read", items: "read_write" },
  },
});

Deno.test("random words are the host's, bit for bit", async () => {
  await onDevice(async (bench) => {
    const drawn = bench.buffer(1000 * 8);
    const params = bench.uniform(Uint32Array.of(17, 0xdeadbeef, 0, 0));
    const [result] = await bench.run((program) => {
      program.dispatch(words, "draw", {
        constants: { STREAM: 0x12345678 },
        bindings: { drawn, params },
        workgroups: [Math.ceil(1000 / 16)],
      });
      return [drawn];
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
