import {
  latentDivergence,
  sampleLatent,
  sampleLatentBackward,
} from "../../../kernels/autoencoder/latent.ts";
import { errorRow } from "../../../kernels/autoencoder/reconstruction.ts";
import { fromBlocks, toBlocks } from "../conv/reference.ts";
import { assertClose, numbers, onDevice } from "../on_device.ts";

// Padded to 272, which several workgroups' lanes share.
const [batch, dimensions] = [3, 270];
const all = batch * dimensions;
const mean = numbers(all, 1).map((v) => 2 * v);
const logVariance = numbers(all, 2).map((v) => 3 * v);
const noise = numbers(all, 3).map((v) => 2 * v);
const slope = numbers(all, 4);
const [share, scale] = [0.5, 0.75];

const sampleOf = (i: number, logarithm: number) => mean[i] + Math.exp(logarithm / 2) * noise[i];

Deno.test("latent samples and the gradient by log variance are those of float64", async () => {
  const expected = mean.map((_, i) => sampleOf(i, logVariance[i]));
  const h = 1e-5;
  const gradient = Float64Array.from(slope, (v, i) => {
    const [up, down] = [h, -h].map((by) => sampleOf(i, logVariance[i] + by));
    return v * (up - down) / (2 * h);
  });
  await onDevice(async (bench) => {
    const blocks = (of: Float32Array) => bench.buffer(toBlocks(of, batch, dimensions, 1));
    const [y, byLogVariance] = [0, 0].map(() => bench.buffer(batch * 272 * 4));
    const results = await bench.run((program) => {
      const common = {
        batch,
        dimensions,
        logVariance: blocks(logVariance),
        noise: bench.buffer(noise),
      };
      sampleLatent(program, { ...common, mean: blocks(mean), y });
      const dy = blocks(slope);
      sampleLatentBackward(program, { ...common, dy, logVarianceGradient: byLogVariance });
      return [y, byLogVariance];
    });
    assertClose(fromBlocks(results[0], batch, dimensions, 1), expected, 1e-6);
    assertClose(fromBlocks(results[1], batch, dimensions, 1), gradient, 1e-6);
  });
});

Deno.test("the divergence from N(0, 1) and its gradients are those of float64", async () => {
  const term = (m: number, l: number) => 0.5 * (m * m + Math.exp(l) - 1 - l);
  const expected = new Float64Array(batch);
  mean.forEach((m, i) => expected[Math.floor(i / dimensions)] += term(m, logVariance[i]));
  const h = 1e-5;
  const factor = share * scale / batch;
  const slopes = Array.from(mean, (m, i) => {
    const l = logVariance[i];
    return [
      factor * (term(m + h, l) - term(m - h, l)) / (2 * h),
      factor * (term(m, l + h) - term(m, l - h)) / (2 * h),
    ];
  });
  await onDevice(async (bench) => {
    const blocks = (of: Float32Array) => bench.buffer(toBlocks(of, batch, dimensions, 1));
    const words = new DataView(new ArrayBuffer(32));
    words.setFloat32(16, share, true);
    const params = bench.uniform(words);
    const rows = bench.buffer(batch * errorRow * 4);
    const [byMean, byLogVariance] = [0, 0].map(() => bench.buffer(batch * 272 * 4));
    const results = await bench.run((program) => {
      latentDivergence(program, {
        batch,
        dimensions,
        mean: blocks(mean),
        logVariance: blocks(logVariance),
        rows,
        scale,
        gradients: { mean: byMean, logVariance: byLogVariance, params },
      });
      return [rows, byMean, byLogVariance];
    });
    assertClose(expected.map((_, n) => results[0][n * errorRow + 4]), expected, 1e-6);
    const gradients = results.slice(1).map((of) => fromBlocks(of, batch, dimensions, 1));
    gradients.forEach((of, k) => assertClose(of, slopes.map((both) => both[k]), 1e-6));
  });
});
