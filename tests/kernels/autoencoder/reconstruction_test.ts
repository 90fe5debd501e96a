import { assert, assertEquals } from "@std/assert";
import {
  compareReconstructions,
  errorRow,
  type ReconstructionLoss,
  totalLoss,
} from "../../../kernels/autoencoder/reconstruction.ts";
import { activationBytes, pixels } from "../../../kernels/tensors.ts";
import { assertKept, autoencoderFixture } from "../../nn/autoencoder_fixture.ts";
import { uniform } from "../../nn/fixture.ts";
import { fromBlocks, toBlocks } from "../conv/reference.ts";
import { assertClose, type Bench, numbers, onDevice } from "../on_device.ts";

const shape = { batch: 3, channels: 5, depth: 3, height: 41, width: 29 };
const { batch, channels } = shape;
const count = pixels(shape);
const values = channels * count;
const share = 0.5;
const scale = 0.25;

/** Targets within [0, 1]. */
const x = numbers(batch * values, 1).map((v) => 0.5 + 0.5 * v);
const anywhere = numbers(batch * values, 2).map((v) => 3 * v);
/** Probabilities, some of them next to 0, 1/2 and 1. */
const within = numbers(batch * values, 3).map((v, i) =>
  i % 7 === 0 ? 0.5 + 1e-3 * v : i % 11 === 0 ? 0.5 + 0.4999 * Math.sign(v) : 0.5 + 0.49 * v
);

/** The definitions in float64; the constant of the continuous Bernoulli by its integral's closed form. */
const references: Record<ReconstructionLoss, (y: number, t: number) => number> = {
  mse: (y, t) => (y - t) ** 2,
  gaussian: (y, t) => (y - t) ** 2,
  l1: (y, t) => Math.abs(y - t),
  huber: (y, t) => Math.abs(y - t) < 1 ? 0.5 * (y - t) ** 2 : Math.abs(y - t) - 0.5,
  smooth_l1: (y, t) => Math.abs(y - t) < 1 ? 0.5 * (y - t) ** 2 : Math.abs(y - t) - 0.5,
  bce_with_logits: (y, t) => Math.max(y, 0) - y * t + Math.log1p(Math.exp(-Math.abs(y))),
  kl_div: (y, t) => t > 0 ? t * (Math.log(t) - y) : 0,
  bernoulli: (y, t) => -t * Math.log(y) - (1 - t) * Math.log(1 - y),
  continuous_bernoulli(y, t) {
    const u = 1 - 2 * y;
    const constant = Math.abs(u) < 1e-4 ? 2 + 2 / 3 * u * u : 2 * Math.atanh(u) / u;
    return -t * Math.log(y) - (1 - t) * Math.log(1 - y) - Math.log(constant);
  },
};

/** Rows, gradient and batch loss of a comparison. */
async function compare(bench: Bench, name: ReconstructionLoss, y: Float32Array, target = x) {
  const blocks = (of: Float32Array) => bench.buffer(toBlocks(of, batch, channels, count));
  const [rows, dy, losses] = [batch * errorRow * 4, activationBytes(shape), 16]
    .map((bytes) => bench.buffer(bytes));
  const nonFiniteSteps = bench.buffer(16);
  const words = new DataView(new ArrayBuffer(32));
  [5, 0, 0, 3].forEach((v, i) => words.setUint32(4 * i, v, true));
  words.setFloat32(16, share, true);
  const params = bench.uniform(words);
  const results = await bench.run((program) => {
    compareReconstructions(program, name, {
      shape,
      x: blocks(target),
      y: blocks(y),
      rows,
      scale,
      gradient: { dy, params },
    });
    totalLoss(program, {
      batch,
      rows,
      scale,
      klScale: 2,
      losses,
      params,
      nonFiniteSteps,
      nonFiniteAt: 1,
    });
    return [rows, dy, losses];
  });
  const flags = new Uint32Array(await bench.device.read(nonFiniteSteps));
  return { rows: results[0], dy: results[1], loss: results[2][3], firstNonFinite: flags[1] };
}

for (const [name, reference] of Object.entries(references)) {
  const loss = name as ReconstructionLoss;
  const y = loss.includes("bernoulli") ? within : anywhere;
  Deno.test(`${name} sums each image's loss and errors as float64 does, and has its slope as gradient`, async () => {
    const expected = Array.from({ length: batch }, (_, n) => {
      const row = [0, 0, 0, Infinity];
      for (let i = n * values; i < (n + 1) * values; i++) {
        row[0] += reference(y[i], x[i]);
        row[1] += Math.abs(y[i] - x[i]);
        row[2] += (y[i] - x[i]) ** 2;
        row[3] = Math.min(row[3], x[i]);
      }
      return row;
    });
    const slopes = Float64Array.from(y, (v, i) => {
      const h = loss.includes("bernoulli") ? 1e-6 * Math.min(v, 1 - v) : 1e-6;
      return (reference(v + h, x[i]) - reference(v - h, x[i])) / (2 * h) * share * scale / batch;
    });
    await onDevice(async (bench) => {
      const found = await compare(bench, loss, y);
      for (let n = 0; n < batch; n++) {
        for (let k = 0; k < 4; k++) {
          assertClose([found.rows[n * errorRow + k]], [expected[n][k]], 2e-6, `row ${n}, ${k}`);
        }
        assertEquals([...found.rows.subarray(n * errorRow + 4, (n + 1) * errorRow)], [0, 0, 0, 0]);
      }
      const mean = expected.reduce((sum, [term]) => sum + term, 0) / batch;
      assertClose([found.loss], [scale * mean], 2e-6, "loss");
      const gradient = fromBlocks(found.dy, batch, channels, count);
      slopes.forEach((slope, i) => {
        const error = Math.abs(gradient[i] - slope);
        // The derivative of |y - x| and of Huber's corners is no limit of differences.
        if (Math.abs(Math.abs(y[i] - x[i]) - 1) < 1e-5 || Math.abs(y[i] - x[i]) < 1e-5) return;
        // A probability's derivative is a difference of numbers below 1, over y (1 - y).
        const terms = loss.includes("bernoulli") ? 0.1 / (y[i] * (1 - y[i])) : 1;
        const typical = share * scale / batch * terms;
        assert(error <= 2e-5 * Math.max(Math.abs(slope), typical), `${gradient[i]}, not ${slope}`);
      });
      const padding = Array.from(found.dy.subarray(4 * count, 8 * count)).filter((_, i) =>
        i % 4 > 0
      );
      assertEquals(new Set(padding), new Set([0]), "padding channels");
    });
  });
}

Deno.test("losses and their gradients are PyTorch's", async () => {
  const image = { batch: 2, channels: 3, depth: 1, height: 6, width: 10 };
  const [target, outputs] = [uniform(1, 360), uniform(2, 360)];
  await onDevice(async (bench) => {
    for (const [name, { values, gradient }] of Object.entries(autoencoderFixture.losses)) {
      const y = name.includes("bernoulli") ? outputs : outputs.map((v) => 6 * v - 3);
      const [rows, dy] = [2 * errorRow * 4, activationBytes(image)].map((n) => bench.buffer(n));
      const words = new DataView(new ArrayBuffer(32));
      words.setFloat32(16, 1, true);
      const params = bench.uniform(words);
      const results = await bench.run((program) => {
        compareReconstructions(program, name as ReconstructionLoss, {
          shape: image,
          x: bench.buffer(toBlocks(target, 2, 3, 60)),
          y: bench.buffer(toBlocks(y, 2, 3, 60)),
          rows,
          // The gradient of a sum over images, where the kernel takes means.
          scale: 2,
          gradient: { dy, params },
        });
        return [rows, dy];
      });
      assertClose([results[0][0], results[0][errorRow]], values, 2e-6, name);
      assertKept(fromBlocks(results[1], 2, 3, 60), gradient, 2e-5, name);
    }
  });
});

Deno.test("padding channels of an output, whatever they hold, change no loss", async () => {
  await onDevice(async (bench) => {
    const clean = await compare(bench, "mse", anywhere);
    const padded = toBlocks(anywhere, batch, channels, count);
    for (let n = 0; n < batch; n++) {
      const last = padded.subarray((2 * n + 1) * 4 * count, (2 * n + 2) * 4 * count);
      last.forEach((_, i) => {
        if (i % 4 > 0) last[i] = NaN;
      });
    }
    const rows = bench.buffer(batch * errorRow * 4);
    const [found] = await bench.run((program) => {
      compareReconstructions(program, "mse", {
        shape,
        x: bench.buffer(toBlocks(x, batch, channels, count)),
        y: bench.buffer(padded),
        rows,
      });
      return [rows];
    });
    assertEquals(found, clean.rows);
  });
});

Deno.test("a target that is no probability makes a Bernoulli loss NaN, and the step is noted", async () => {
  const target = x.slice();
  target[17] = 1.25;
  await onDevice(async (bench) => {
    for (const name of ["bernoulli", "continuous_bernoulli"] as const) {
      const { loss, firstNonFinite } = await compare(bench, name, within, target);
      assert(Number.isNaN(loss));
      assertEquals(firstNonFinite, 6);
    }
    assert(Number.isFinite((await compare(bench, "mse", within, target)).loss));
  });
});
