import { assert, assertEquals } from "@std/assert";
import { isClassLoss, lossForward, type LossName } from "../../kernels/loss.ts";
import { classLoss, regressionLoss } from "../../src/nn/loss.ts";
import latent from "../../kernels/autoencoder/latent.wgsl" with { type: "text" };
import reconstruction from "../../kernels/autoencoder/reconstruction.wgsl" with { type: "text" };
import loss from "../../kernels/loss.wgsl" with { type: "text" };
import { assertClose, numbers, onDevice } from "./on_device.ts";

// More rows than the workgroup has invocations.
const [batch, outputs, items] = [150, 5, 11];
const row = 8;
const first = 2;
const order = Uint32Array.from({ length: first + batch }, (_, i) => (i * i + 3) % items);
const classes = Uint32Array.from({ length: items }, (_, i) => i * 3 % outputs);
const weights = Float32Array.of(1, 0.5, 2, 1.5, 0.25);
const logits = numbers(batch * outputs, 1).map((v) => 3 * v);
const targets = numbers(items * outputs, 2).map((v) => Math.abs(v));
const share = 0.5;

function rows(): Float32Array<ArrayBuffer> {
  const padded = new Float32Array(batch * row).fill(99);
  for (let n = 0; n < batch; n++) {
    padded.set(logits.subarray(n * outputs, (n + 1) * outputs), n * row);
  }
  return padded;
}

/** The loss in float64 as a function of the logits. */
function reference(
  name: LossName,
  values: ArrayLike<number>,
  options: { labelSmoothing?: number; focalGamma?: number },
): number {
  const chosen = [...order.subarray(first, first + batch)];
  if (isClassLoss(name)) {
    const truths = chosen.map((item) => classes[item]);
    return classLoss(name, values, outputs, truths, { classWeights: [...weights], ...options });
  }
  const wanted = chosen.flatMap((item) => [
    ...targets.subarray(item * outputs, (item + 1) * outputs),
  ]);
  return regressionLoss(name, values, wanted);
}

const cases: [name: LossName, options?: { labelSmoothing?: number; focalGamma?: number }][] = [
  ["cross_entropy"],
  ["cross_entropy", { labelSmoothing: 0.3 }],
  ["focal"],
  ["focal", { focalGamma: 0.5 }],
  ["multi_margin"],
  ["mse"],
  ["l1"],
  ["huber"],
  ["smooth_l1"],
  ["bce_with_logits"],
  ["kl_div"],
];

for (const [name, options = {}] of cases) {
  const text = Object.entries(options).map(([key, value]) => ` with ${key} ${value}`).join();
  Deno.test(`${name}${text} gives the loss and, by finite differences, its gradient`, async () => {
    await onDevice(async (bench) => {
      const losses = bench.buffer(16);
      const gradient = bench.buffer(batch * row * 4);
      const params = new DataView(new ArrayBuffer(32));
      [5, 0, first, 3].forEach((v, i) => params.setUint32(4 * i, v, true));
      params.setFloat32(16, share, true);
      const results = await bench.run((program) => {
        lossForward(program, name, {
          batch,
          outputs,
          logits: bench.buffer(rows()),
          order: bench.buffer(order),
          params: bench.uniform(params),
          targets: bench.buffer(isClassLoss(name) ? classes : targets),
          weights: isClassLoss(name) ? bench.buffer(weights) : undefined,
          ...options,
          losses,
          gradient,
          nonFiniteSteps: bench.buffer(16),
          nonFiniteAt: 0,
        });
        return [losses, gradient];
      });
      const expected = reference(name, logits, options);
      assert(Math.abs(results[0][3] / expected - 1) < 2e-6, `${results[0][3]}, not ${expected}`);
      const h = 1e-6;
      const slopes = Array.from({ length: batch * row }, (_, i) => {
        if (i % row >= outputs) return 0;
        const shifted = (by: number) => {
          const values = Float64Array.from(logits);
          values[Math.floor(i / row) * outputs + i % row] += by;
          return reference(name, values, options);
        };
        return share * (shifted(h) - shifted(-h)) / (2 * h);
      });
      assertClose(results[1], slopes, 2e-6, "gradient");
    });
  });
}

Deno.test("cross-entropy stays finite for logits that overflow exp, and reports NaN", async () => {
  await onDevice(async (bench) => {
    for (const [value, finite] of [[1e30, true], [NaN, false]] as const) {
      const [losses, nonFiniteSteps] = [bench.buffer(16), bench.buffer(16)];
      const results = await bench.run((program) => {
        lossForward(program, "cross_entropy", {
          batch: 1,
          outputs: 2,
          logits: bench.buffer(Float32Array.of(value, 0, 0, 0)),
          order: bench.buffer(Uint32Array.of(0)),
          params: bench.uniform(Uint32Array.of(6, 0, 0, 0, 0, 0, 0, 0)),
          targets: bench.buffer(Uint32Array.of(1)),
          weights: bench.buffer(Float32Array.of(1, 1)),
          losses,
          nonFiniteSteps,
          nonFiniteAt: 1,
        });
        return [losses];
      });
      assertEquals(Number.isFinite(results[0][0]), finite);
      assertEquals(new Uint32Array(await bench.device.read(nonFiniteSteps))[1], finite ? 0 : 7);
    }
  });
});

// A module is valid WGSL on its own, so that none includes another.
Deno.test("the kernels of losses declare a step and the losses' numbers alike", () => {
  const passage = (source: string, pattern: RegExp) =>
    pattern.exec(source.replaceAll(/ *\/\/.*\n/g, ""))?.[0];
  const [params, names] = [/struct Params {.*?\n}/s, /const MSE.*?const KL_DIV[^;]*;/s];
  assert(passage(loss, params)!.includes("share"));
  for (const source of [latent, reconstruction]) {
    assertEquals(passage(source, params), passage(loss, params));
  }
  assert(passage(loss, names)!.includes("HUBER"));
  assertEquals(passage(reconstruction, names), passage(loss, names));
});
