import type { ActivationName } from "../../kernels/activation.ts";
import {
  batchNormApply,
  batchNormBackward,
  batchNormEvaluate,
  batchNormStatistics,
} from "../../kernels/batch_norm/mod.ts";
import { pixels } from "../../kernels/tensors.ts";
import { assert, assertEquals } from "@std/assert";
import { fromBlocks, toBlocks } from "./conv/reference.ts";
import { assertClose, numbers, onDevice } from "./on_device.ts";

const activations: Record<string, (v: number) => [value: number, slope: number]> = {
  none: (v) => [v, 1],
  relu: (v) => [Math.max(v, 0), v > 0 ? 1 : 0],
  elu: (v) => v > 0 ? [v, 1] : [Math.exp(v) - 1, Math.exp(v)],
  leaky_relu: (v) => v > 0 ? [v, 1] : [0.01 * v, 0.01],
  sigmoid: (v) => {
    const s = 1 / (1 + Math.exp(-v));
    return [s, s * (1 - s)];
  },
  tanh: (v) => [Math.tanh(v), 1 - Math.tanh(v) ** 2],
};

/** Forward, gradients and running statistics in float64, NCHW. */
function reference(
  [n, c, p]: [number, number, number],
  x: Float32Array,
  gamma: Float32Array,
  beta: Float32Array,
  dy: Float32Array,
  residual: Float32Array | undefined,
  f: (v: number) => [number, number],
) {
  const count = n * p;
  const y = new Float64Array(x.length);
  const dx = new Float64Array(x.length);
  const masked = new Float64Array(x.length);
  const [dGamma, dBeta, mean, variance] = [0, 1, 2, 3].map(() => new Float64Array(c));
  for (let j = 0; j < c; j++) {
    const at = Array.from({ length: count }, (_, e) => (Math.floor(e / p) * c + j) * p + e % p);
    mean[j] = at.reduce((s, i) => s + x[i], 0) / count;
    variance[j] = at.reduce((s, i) => s + (x[i] - mean[j]) ** 2, 0) / count;
    const istd = 1 / Math.sqrt(variance[j] + 1e-5);
    const hat = (i: number) => (x[i] - mean[j]) * istd;
    for (const i of at) {
      const [value, slope] = f(hat(i) * gamma[j] + beta[j] + (residual?.[i] ?? 0));
      y[i] = value;
      masked[i] = dy[i] * slope;
      dBeta[j] += masked[i];
      dGamma[j] += masked[i] * hat(i);
    }
    for (const i of at) {
      dx[i] = gamma[j] * istd * (masked[i] - dBeta[j] / count - hat(i) * dGamma[j] / count);
    }
  }
  return { y, dx, masked, dGamma, dBeta, mean, variance };
}

for (const activation of Object.keys(activations) as ActivationName[]) {
  for (const withResidual of [false, true]) {
    const name = `${activation}${withResidual ? " after a residual sum" : ""}`;
    Deno.test(`batch norm with ${name} gives values, gradients and running statistics`, async () => {
      await onDevice(async (bench) => {
        const [n, c, h, w] = [3, 7, 14, 14];
        const shape = { batch: n, channels: c, depth: 1, height: h, width: w };
        const p = h * w;
        // A large mean with a small deviation breaks E[x²] - E[x]².
        const x = numbers(n * c * p, 1).map((v, i) => v * 0.1 + 2 * (Math.floor(i / p) % c));
        const [dy, residual] = [numbers(n * c * p, 2), numbers(n * c * p, 3)];
        const gamma = numbers(c, 4).map((v) => v + 1.5);
        const beta = numbers(c, 5);
        // Float32 and float64 must be on one side of the kink.
        const sums = reference([n, c, p], x, gamma, beta, dy, residual, activations.none).y;
        sums.forEach((sum, i) => residual[i] += Math.abs(sum) < 1e-3 ? 0.1 : 0);
        const expected = reference(
          [n, c, p],
          x,
          gamma,
          beta,
          dy,
          withResidual ? residual : undefined,
          activations[activation],
        );
        const flat = (a: Float32Array, b: Float32Array) => {
          const both = new Float32Array(64 + c);
          both.set(a);
          both.set(b, 64);
          return both;
        };
        const blocks = (data: Float32Array) => bench.buffer(toBlocks(data, n, c, p));
        const operands = { x: blocks(x), dy: blocks(dy), residual: blocks(residual) };
        const parameters = bench.buffer(flat(gamma, beta));
        const running = bench.buffer(flat(new Float32Array(c), new Float32Array(c).fill(1)));
        const [gradients, nonFiniteSteps] = [bench.buffer((64 + c) * 4), bench.buffer(16)];
        const step = bench.uniform(new Uint32Array(4));
        const [y, dx] = [bench.buffer(operands.x.bytes), bench.buffer(operands.x.bytes)];
        const keepMasked = withResidual && activation !== "none";
        const results = await bench.run((program) => {
          const options = { shape, activation, label: "bn" };
          const moments = batchNormStatistics(program, options, {
            x: operands.x,
            parameters,
            running,
            nonFiniteSteps,
            nonFiniteAt: 0,
            step,
          });
          const added = withResidual ? operands.residual : undefined;
          batchNormApply(program, options, { x: operands.x, moments, y, residual: added });
          const needsOutput = activation !== "none" && (withResidual || activation !== "relu");
          batchNormBackward(program, options, {
            x: operands.x,
            moments,
            output: needsOutput ? y : undefined,
            dy: operands.dy,
            dx,
            gradients,
            accumulate: false,
            keepMasked,
          });
          return [y, dx, gradients, running, operands.dy];
        }, { inPlace: true });
        const plain = (data: Float32Array) => fromBlocks(data, n, c, p);
        assertClose(plain(results[0]), expected.y, 5e-5, "y");
        assertClose(plain(results[1]), expected.dx, 1e-4, "dx");
        assertClose(results[2].subarray(0, c), expected.dGamma, 1e-4, "gamma's gradient");
        assertClose(results[2].subarray(64, 64 + c), expected.dBeta, 5e-5, "beta's gradient");
        const count = n * p;
        assertClose(results[3].subarray(0, c), expected.mean.map((m) => 0.1 * m), 1e-6, "mean");
        const unbiased = expected.variance.map((v) => 0.9 + 0.1 * v * count / (count - 1));
        assertClose(results[3].subarray(64, 64 + c), unbiased, 1e-6, "variance");
        if (!withResidual) {
          const inPlace = await bench.run((program) => {
            const options = { shape, activation, label: "bn" };
            const { x, dy } = operands;
            const parts = { parameters, running, nonFiniteSteps, nonFiniteAt: 0, step };
            const moments = batchNormStatistics(program, options, { x, ...parts });
            const output = activation === "none" || activation === "relu" ? undefined : y;
            batchNormBackward(program, options, {
              x,
              moments,
              output,
              dy,
              gradients,
              accumulate: false,
            });
            return [dy];
          }, { inPlace: true });
          assertEquals(inPlace[0], results[1]);
        }
        if (keepMasked) assertClose(plain(results[4]), expected.masked, 5e-5, "masked gradient");
        assertEquals((await bench.device.readFloats(nonFiniteSteps))[0], 0);
      });
    });
  }
}

const planes = Deno.env.get("GYRUS_TEST_FULL") === "1" ? 169 : 32;

Deno.test(`the statistics of ${planes} planes of 208x179 voxels are precise`, async () => {
  const shape = { batch: 1, channels: 4, depth: planes, height: 208, width: 179 };
  const count = pixels(shape);
  // Means of up to 35 deviations; one float32 sum would lose half of the digits.
  const x = numbers(4 * count, 6);
  for (let i = 0; i < x.length; i++) x[i] = x[i] * (0.1 + (i & 3)) + 20 * (i & 3);
  const mean = new Float64Array(4);
  const variance = new Float64Array(4);
  for (let i = 0; i < x.length; i++) mean[i & 3] += x[i] / count;
  for (let i = 0; i < x.length; i++) variance[i & 3] += (x[i] - mean[i & 3]) ** 2 / (count - 1);
  await onDevice(async (bench) => {
    const running = bench.buffer(512);
    const parameters = bench.buffer(512);
    const values = bench.buffer(x);
    await bench.run((program) => {
      batchNormStatistics(program, { shape, activation: "none", momentum: 1, label: "bn" }, {
        x: values,
        parameters,
        running,
        nonFiniteSteps: bench.buffer(16),
        nonFiniteAt: 0,
        step: bench.uniform(new Uint32Array(4)),
      });
      return [running];
    });
    const found = await bench.device.readFloats(running);
    for (let c = 0; c < 4; c++) {
      const shift = Math.abs(found[c] - mean[c]);
      // Each part rounds the mean once, so that some spacings of floats at the mean add up.
      const allowed = 1e-6 * Math.sqrt(variance[c]) + 2 ** -20 * Math.abs(mean[c]);
      assert(shift < allowed, `the mean of channel ${c} is off by ${shift}`);
      const spread = Math.abs(found[64 + c] / variance[c] - 1);
      assert(spread < 2e-6, `the variance of channel ${c} is off by ${spread}`);
    }
    for (const buffer of [values, running, parameters]) bench.device.free(buffer);
  });
});

Deno.test("batch norm in evaluation uses the running statistics and normalises the shortcut", async () => {
  await onDevice(async (bench) => {
    const [n, c, p] = [2, 5, 6];
    const shape = { batch: n, channels: c, depth: 1, height: 2, width: 3 };
    const flat = new Float32Array(64 + c);
    flat.set(numbers(c, 1).map((v) => v + 2));
    flat.set(numbers(c, 2).map((v) => v + 2), 64);
    const [x, r] = [numbers(n * c * p, 3), numbers(n * c * p, 4)];
    const parameters = bench.buffer(flat);
    const running = bench.buffer(flat);
    const y = bench.buffer(toBlocks(x, n, c, p).byteLength);
    const [result] = await bench.run((program) => {
      const options = { shape, activation: "relu", label: "bn" } as const;
      const moments = batchNormEvaluate(program, options, { parameters, running });
      batchNormApply(program, options, {
        x: bench.buffer(toBlocks(x, n, c, p)),
        moments,
        y,
        residual: bench.buffer(toBlocks(r, n, c, p)),
        residualMoments: moments,
      });
      return [y];
    });
    const expected = x.map((v, i) => {
      const j = Math.floor(i / p) % c;
      const [mean, variance, gamma, beta] = [flat[j], flat[64 + j], flat[j], flat[64 + j]];
      const scaled = (z: number) => (z - mean) / Math.sqrt(variance + 1e-5) * gamma + beta;
      return Math.max(scaled(v) + scaled(r[i]), 0);
    });
    assertClose(fromBlocks(result, n, c, p), expected, 1e-6);
  });
});

Deno.test("batch norm notes the step of the first statistics that are not finite", async () => {
  await onDevice(async (bench) => {
    const x = new Float32Array(64).fill(1);
    x[5] = NaN;
    const nonFiniteSteps = bench.buffer(16);
    const parameters = bench.buffer(512);
    const running = bench.buffer(512);
    await bench.run((program) => {
      batchNormStatistics(
        program,
        {
          shape: { batch: 1, channels: 4, depth: 1, height: 4, width: 4 },
          activation: "none",
          label: "bn",
        },
        {
          x: bench.buffer(x),
          parameters,
          running,
          nonFiniteSteps,
          nonFiniteAt: 2,
          step: bench.uniform(Uint32Array.of(41, 0, 0, 0)),
        },
      );
      return [];
    });
    assertEquals([...new Uint32Array(await bench.device.read(nonFiniteSteps))], [0, 0, 42, 0]);
  });
});
