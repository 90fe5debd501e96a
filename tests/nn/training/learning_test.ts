import { assert, assertEquals } from "@std/assert";
import { openDevice } from "../../../src/gpu/device.ts";
import type { Dataset } from "../../../src/nn/dataset.ts";
import { Trainer } from "../../../src/nn/training/trainer.ts";
import { computeProbabilities, infer } from "../../../src/nn/infer.ts";
import type { NetworkOutputs } from "../../../src/nn/predictor.ts";
import { ActivationLayer } from "../../../src/nn/layers/activation.ts";
import { BatchNorm } from "../../../src/nn/layers/batch_norm.ts";
import { Convolution } from "../../../src/nn/layers/convolution.ts";
import { Linear } from "../../../src/nn/layers/linear.ts";
import { MaxPool } from "../../../src/nn/layers/pool.ts";
import { Network } from "../../../src/nn/network.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import { numbers } from "../../kernels/on_device.ts";

/** scikit-learn's 1,797 digits: 8 x 8 grey levels and classes. */
async function digits(): Promise<{ data: Dataset; classes: Uint32Array }> {
  const file = await Deno.open(new URL("../../fixtures/nn/digits.csv.gz", import.meta.url));
  const text = await new Response(
    file.readable.pipeThrough(new DecompressionStream("gzip")),
  ).text();
  const rows = text.trim().split("\n").map((line) => line.split(",").map(Number));
  assertEquals(rows.length, 1797);
  return {
    data: {
      shape: [1, 8, 8],
      count: rows.length,
      normalisation: "element",
      read: (item) => Float32Array.from(rows[item].slice(0, 64)),
    },
    classes: Uint32Array.from(rows, (row) => row[64]),
  };
}

function accuracy({ logits, outputs }: NetworkOutputs, classes: number[]): number {
  let right = 0;
  classes.forEach((truth, n) => {
    const row = [...logits.subarray(n * outputs, (n + 1) * outputs)];
    if (row.indexOf(Math.max(...row)) === truth) right++;
  });
  return right / classes.length;
}

function smallNetwork(): Network {
  return new Network("digits", [1, 8, 8], 10, [
    new Convolution("conv1", { inChannels: 1, outChannels: 16, kernel: 3, padding: 1 }),
    new BatchNorm("bn1", 16, "relu"),
    new Convolution("conv2", { inChannels: 16, outChannels: 32, kernel: 3, padding: 1 }),
    new BatchNorm("bn2", 32, "relu"),
    new MaxPool("pool", 2, 2),
    new Linear("fc1", 512, 64, 16),
    new ActivationLayer("relu", "relu"),
    new Linear("fc2", 64, 10),
  ]);
}

Deno.test("a small network reads 97 % of held-out handwritten digits", async () => {
  const device = await openDevice();
  const { data, classes } = await digits();
  const all = Uint32Array.from({ length: data.count }, (_, i) => i);
  // Every fifth digit is held out.
  const [train, held] = [all.filter((i) => i % 5 !== 0), all.filter((i) => i % 5 === 0)];
  const network = smallNetwork();
  const trainer = await Trainer.create(device, {
    data,
    targets: classes,
    runs: [{ label: "digits", network, items: train, seed: 0 }],
    loss: "cross_entropy",
    batchSize: 64,
    optimizer: { name: "Adam", learningRate: 3e-3 },
    schedule: { kind: "cosine", epochs: 8 },
  });
  const begin = (await trainer.evaluate([held]))[0];
  while (trainer.epoch < 8) await trainer.trainEpoch();
  const [predictions] = await trainer.evaluate([held]);
  const truth = [...held].map((item) => classes[item]);
  assert(accuracy(begin, truth) < 0.5);
  const reached = accuracy(predictions, truth);
  assert(reached >= 0.97, `${reached} of the held-out digits`);
  assert(trainer.computeLoss(0, predictions.logits, held) < 0.2);

  const weights = await trainer.readNetworkState(0);
  const [again] = await infer(device, {
    data,
    batchSize: 50,
    residentBytes: 1,
    runs: [{ network, weights, items: held }],
  });
  assertEquals(again.logits, predictions.logits);
  const sums = computeProbabilities(again).reduce((a, b) => a + b);
  assert(Math.abs(sums - held.length) < 1e-9);
  trainer.destroy();
  device.destroy();
});

Deno.test("ResNet-18 memorises sixteen random images", async () => {
  const device = await openDevice();
  const images = numbers(16 * 32 * 32, 7);
  const classes = Uint32Array.from({ length: 16 }, (_, i) => i % 3 % 2);
  const items = Uint32Array.from({ length: 16 }, (_, i) => i);
  const trainer = await Trainer.create(device, {
    data: {
      shape: [1, 32, 32],
      count: 16,
      normalisation: "element",
      read: (item) => images.subarray(item * 1024, (item + 1) * 1024),
    },
    targets: classes,
    runs: [{
      label: "memorised",
      network: createNetwork("resnet18", [3, 32, 32], 2),
      items,
      seed: 1,
    }],
    loss: "cross_entropy",
    batchSize: 16,
    optimizer: { name: "SGD", learningRate: 5e-3, momentum: 0.9, clipNorm: 5 },
  });
  let loss = Infinity;
  while (trainer.epoch < 12) loss = (await trainer.trainEpoch()).meanLosses[0];
  // One image on the wrong side alone would cost ln 2 / 16.
  assert(loss < Math.LN2 / 16, `a loss of ${loss}`);
  if (Deno.env.get("GYRUS_TEST_FULL") === "1") {
    // The running statistics follow at a tenth a step, long after the weights have settled.
    while (trainer.epoch < 72) await trainer.trainEpoch();
    const [predictions] = await trainer.evaluate([items]);
    assertEquals(accuracy(predictions, [...classes]), 1);
  }
  trainer.destroy();
  device.destroy();
});
