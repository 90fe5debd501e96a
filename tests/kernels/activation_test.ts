import {
  activationBackward,
  activationForward,
  type ActivationName,
  addInto,
} from "../../kernels/activation.ts";
import backward from "../../kernels/batch_norm/backward.wgsl" with { type: "text" };
import normalize from "../../kernels/batch_norm/normalize.wgsl" with { type: "text" };
import activation from "../../kernels/activation.wgsl" with { type: "text" };
import { assert, assertEquals } from "@std/assert";
import { assertClose, numbers, onDevice } from "./on_device.ts";

const functions: Record<Exclude<ActivationName, "none">, (v: number) => number> = {
  relu: (v) => Math.max(v, 0),
  elu: (v) => v > 0 ? v : Math.expm1(v),
  leaky_relu: (v) => v > 0 ? v : 0.01 * v,
  sigmoid: (v) => 1 / (1 + Math.exp(-v)),
  tanh: Math.tanh,
};

for (const [name, f] of Object.entries(functions)) {
  Deno.test(`${name} gives values and, by finite differences, slopes`, async () => {
    await onDevice(async (bench) => {
      const count = 4 * 1037;
      const [x, gradient] = [numbers(count, 1).map((v) => 4 * v), numbers(count, 2)];
      const [y, dx] = [bench.buffer(count * 4), bench.buffer(count * 4)];
      const results = await bench.run((program) => {
        const activation = name as ActivationName;
        const bytes = count * 4;
        activationForward(program, activation, { x: bench.buffer(x), y, bytes });
        const operands = { output: y, dy: bench.buffer(gradient), dx, bytes };
        activationBackward(program, activation, operands);
        return [y, dx];
      });
      assertClose(results[0], x.map(f), 1e-6, "y");
      const h = 1e-6;
      const slopes = Float64Array.from(x, (v, i) => gradient[i] * (f(v + h) - f(v - h)) / (2 * h));
      assertClose(results[1], slopes, 3e-6, "dx");
    });
  });
}

Deno.test("relu lets NaN through, so that a broken network is noticed", async () => {
  await onDevice(async (bench) => {
    const y = bench.buffer(16);
    const [result] = await bench.run((program) => {
      const x = bench.buffer(Float32Array.of(NaN, -1, 2, -Infinity));
      activationForward(program, "relu", { x, y, bytes: 16 });
      return [y];
    });
    assertEquals([...result], [NaN, 0, 2, 0]);
  });
});

Deno.test("addInto adds", async () => {
  await onDevice(async (bench) => {
    const [a, b] = [numbers(400, 1), numbers(400, 2)];
    const y = bench.buffer(b);
    const [result] = await bench.run((program) => {
      addInto(program, { x: bench.buffer(a), y, bytes: 1600 });
      return [y];
    }, { inPlace: true });
    assertEquals(result, b.map((v, i) => v + a[i]));
  });
});

Deno.test("batch normalisation computes activations by the text of activation.wgsl", () => {
  const names = /const NONE.*?const SLOPE[^;]*;/s;
  for (
    const [kernel, passage] of [
      [normalize, names],
      [normalize, /\/\/ Comparisons .*?\n}/s],
      [backward, names],
      [backward, /\/\/ Derivative .*?\n}/s],
    ] as const
  ) {
    const [text] = passage.exec(activation)!;
    assert(kernel.includes(text), text);
  }
});
