/** What autoencoders learn, and that their trainings are repeatable. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Device } from "../../../src/gpu/device.ts";
import { Autoencoder } from "../../../src/nn/autoencoder.ts";
import { Code } from "../../../src/nn/layers/latent.ts";
import { Linear } from "../../../src/nn/layers/linear.ts";
import { Unflatten } from "../../../src/nn/layers/unflatten.ts";
import { createAutoencoder } from "../../../src/nn/networks/autoencoders.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import { meanLoss } from "../../../src/nn/reconstruction.ts";
import { evaluateReconstruction, reconstruct } from "../../../src/nn/reconstruct.ts";
import { drawLatentNoise } from "../../../src/nn/training/batch.ts";
import { Trainer, type TrainerOptions } from "../../../src/nn/training/trainer.ts";
import { Random } from "../../../src/random.ts";
import { withDevice } from "./fixture_training.ts";

/** A head of 24 x 16 x 24 voxels: an ellipsoid, and two within whose size and brightness vary. */
function phantom(item: number): Float32Array {
  const random = new Random(7, "phantom", item);
  const [size, grey, shift] = [
    random.uniform(0.75, 1),
    random.uniform(0.4, 0.9),
    random.uniform(-2, 2),
  ];
  const within = (at: number[], centre: number[], radii: number[]) =>
    at.reduce((sum, v, axis) => sum + ((v - centre[axis]) / radii[axis]) ** 2, 0) < 1;
  return Float32Array.from({ length: 24 * 16 * 24 }, (_, i) => {
    const at = [Math.floor(i / 384), Math.floor(i / 24) % 16, i % 24];
    if (!within(at, [12, 8, 12], [11 * size, 7 * size, 11 * size])) return 0;
    const inner = within(at, [12, 8, 8 + shift], [4, 3, 3]) ||
      within(at, [12, 8, 16 - shift], [4, 3, 3]);
    return inner ? grey : 0.25;
  });
}

const phantoms = Array.from({ length: 24 }, (_, item) => phantom(item));
const trained = Uint32Array.from({ length: 16 }, (_, i) => i);
const heldOut = Uint32Array.from({ length: 8 }, (_, i) => 16 + i);

function vaeOptions(change: Partial<TrainerOptions> = {}): TrainerOptions {
  const network = createAutoencoder("Vanilla3DdenseVAE", [1, 24, 16, 24], {
    latentSpaceSize: 4,
    featureSize: 32,
    convolutions: 2,
    ioLayerChannels: 4,
  });
  return {
    data: {
      shape: [1, 24, 16, 24],
      count: phantoms.length,
      normalisation: "none",
      read: (item) => phantoms[item],
    },
    runs: [{ label: "vae", network, items: trained, seed: 1 }],
    loss: { name: "bernoulli" },
    batchSize: 5,
    optimizer: { name: "Adam", learningRate: 3e-3 },
    ...change,
  };
}

Deno.test("the negative ELBO of a variational autoencoder falls on phantoms, seen and held out", async () => {
  await withDevice(async (device) => {
    const options = vaeOptions();
    const trainer = await Trainer.create(device, options);
    const losses = async (items: Uint32Array) =>
      meanLoss({ name: "bernoulli" }, (await trainer.evaluateReconstruction([items]))[0]);
    const before = [await losses(trained), await losses(heldOut)];
    const batches: number[] = [];
    while (trainer.epoch < 8) batches.push((await trainer.trainEpoch()).meanLosses[0]);
    const after = [await losses(trained), await losses(heldOut)];
    trainer.destroy();
    before.forEach(({ loss }, i) =>
      assert(after[i].loss < 0.6 * loss, `${loss}, ${after[i].loss}`)
    );
    assert(batches[7] < 0.6 * batches[0], batches.join());
    // The code holds something, and what it holds is more than it costs.
    after.forEach(({ loss, reconstruction, kl }) => {
      assert(kl > 0.5, `${kl}`);
      assert(Math.abs(loss - reconstruction - kl) < 1e-9 * loss);
    });
  });
});

/** Weights and losses after two epochs, the second of which may be interrupted. */
async function trainTwoEpochs(device: Device, options: TrainerOptions, stops: number[]) {
  let trainer = await Trainer.create(device, options);
  const losses: number[][] = [];
  try {
    losses.push([...(await trainer.trainEpoch()).losses[0]]);
    for (const until of stops) {
      await trainer.trainEpoch({ until });
      const resume = await trainer.readState();
      trainer.destroy();
      trainer = await Trainer.create(device, { ...options, resume });
    }
    losses.push([...(await trainer.trainEpoch()).losses[0]]);
    const { parameters, statistics } = await trainer.readNetworkState(0);
    return { losses, parameters, statistics };
  } finally {
    trainer.destroy();
  }
}

Deno.test("an interrupted training of a variational autoencoder gives the same bytes, another seed others", async () => {
  await withDevice(async (device) => {
    const whole = await trainTwoEpochs(device, vaeOptions(), []);
    assertEquals(await trainTwoEpochs(device, vaeOptions(), [1, 3]), whole);
    const [run] = vaeOptions().runs;
    const other = await trainTwoEpochs(device, vaeOptions({ runs: [{ ...run, seed: 2 }] }), []);
    assert(other.losses[0][0] !== whole.losses[0][0]);
  });
});

Deno.test("two autoencoders side by side give the bytes of each alone", async () => {
  await withDevice(async (device) => {
    const [run] = vaeOptions().runs;
    const runs = [run, { ...run, label: "other", seed: 9 }];
    const trainer = await Trainer.create(device, vaeOptions({ runs }));
    await trainer.trainEpoch();
    const together = await Promise.all([0, 1].map((i) => trainer.readNetworkState(i)));
    trainer.destroy();
    for (const [i, alone] of runs.entries()) {
      const single = await Trainer.create(device, vaeOptions({ runs: [alone] }));
      await single.trainEpoch();
      assertEquals(await single.readNetworkState(0), together[i]);
      single.destroy();
    }
  });
});

Deno.test("the noise of a latent sample depends on seed, epoch and place, and not on the batch", () => {
  const at = { seed: 3, epoch: 2, first: 4, size: 6 };
  const noise = drawLatentNoise(5, at);
  assertEquals(drawLatentNoise(5, { ...at, first: 7, size: 2 }), noise.subarray(15, 25));
  for (const change of [{ seed: 4 }, { epoch: 3 }, { first: 5 }]) {
    assert(drawLatentNoise(5, { ...at, ...change })[0] !== noise[0]);
  }
  const many = drawLatentNoise(50, { ...at, size: 400 });
  const mean = many.reduce((a, b) => a + b) / many.length;
  const variance = many.reduce((sum, v) => sum + (v - mean) ** 2, 0) / many.length;
  assert(Math.abs(mean) < 0.03 && Math.abs(variance - 1) < 0.04, `${mean}, ${variance}`);
});

Deno.test("applying a variational autoencoder repeats its bits, whatever the batch, and its code is the mean", async () => {
  await withDevice(async (device) => {
    const { data, runs: [{ network }], loss } = vaeOptions();
    const trainer = await Trainer.create(device, vaeOptions());
    const weights = await trainer.readNetworkState(0);
    trainer.destroy();
    const apply = async (batchSize: number) => {
      const options = { data, batchSize, runs: [{ network, weights, items: heldOut }] };
      const found: Float32Array[] = [];
      await reconstruct(device, options, ({ item, input, output, latent }) => {
        assertEquals(input, phantoms[item]);
        found.push(output.slice(), latent.slice());
      });
      if (typeof loss === "string") throw new TypeError("no objective");
      return { found, errors: await evaluateReconstruction(device, options, loss) };
    };
    const { found, errors } = await apply(3);
    assertEquals((await apply(3)).found, found);
    found.filter((_, i) => i % 2 === 0).forEach((output, i) => {
      const input = phantoms[heldOut[i]];
      const squared = output.reduce((sum, v, at) => sum + (v - input[at]) ** 2, 0) / input.length;
      assert(Math.abs(squared / errors[0].squared[i] - 1) < 1e-5);
      assertEquals(errors[0].minimum[i], 0);
    });
  });
});

Deno.test("a training refuses objectives that do not fit its networks", async () => {
  await withDevice(async (device) => {
    const refuse = (change: Partial<TrainerOptions>, message: string) =>
      assertRejects(() => Trainer.create(device, vaeOptions(change)), RangeError, message);
    const runOf = (network: TrainerOptions["runs"][number]["network"]) => ({
      runs: [{ label: "run", network, items: trained, seed: 1 }],
    });
    const input = [1, 24, 16, 24] as const;
    await refuse({ loss: { name: "mse" } }, "Vanilla3DdenseVAE is a variational autoencoder");
    await refuse(
      runOf(createAutoencoder("AE_Conv5_FC3", input)),
      "AE_Conv5_FC3 has no distribution",
    );
    await refuse(runOf(createNetwork("Conv5_FC3", input, 2)), "Conv5_FC3 does not reconstruct");
    await refuse({ sampler: "weighted" }, "The weighted sampler needs classes");
    await refuse({ targets: new Uint32Array(24) }, "take no targets");
  });
});

/** A chain of two linear layers with a code of `dimensions` between them. */
function linearAutoencoder(side: number, dimensions: number): Autoencoder {
  const vector = (channels: number) => ({ batch: 1, channels, depth: 1, height: 1, width: 1 });
  const pixels = side * side;
  return new Autoencoder("linear", [1, side, side], {
    layers: [
      new Linear("encoder", pixels, dimensions, pixels),
      new Code("latent"),
      new Linear("decoder", dimensions, pixels),
      new Unflatten("image", { channels: 1, depth: 1, height: side, width: side }),
    ],
    latent: vector(dimensions),
    variational: false,
  });
}

/** Orthonormal columns that span the same, by Gram and Schmidt, twice for digits. */
function orthonormal(columns: number[][]): number[][] {
  const found: number[][] = [];
  for (const column of columns) {
    const rest = [...column];
    for (let round = 0; round < 2; round++) {
      for (const other of found) {
        const product = rest.reduce((sum, v, i) => sum + v * other[i], 0);
        other.forEach((v, i) => rest[i] -= product * v);
      }
    }
    const norm = Math.hypot(...rest);
    found.push(rest.map((v) => v / norm));
  }
  return found;
}

/** First principal components of rows of mean zero, by orthogonal iteration. */
function principalComponents(rows: readonly Float32Array[], count: number): number[][] {
  const random = new Random(1, "components");
  const size = rows[0].length;
  let components = orthonormal(
    Array.from({ length: count }, () => Array.from({ length: size }, () => random.normal())),
  );
  for (let round = 0; round < 200; round++) {
    components = orthonormal(components.map((component) => {
      const next = new Array<number>(size).fill(0);
      for (const row of rows) {
        const product = row.reduce((sum, v, i) => sum + v * component[i], 0);
        row.forEach((v, i) => next[i] += product * v);
      }
      return next;
    }));
  }
  return components;
}

Deno.test("a linear autoencoder spans the principal components, within a degree", async () => {
  const [side, dimensions, count] = [6, 3, 64];
  const random = new Random(2, "images");
  const basis = orthonormal(
    Array.from({ length: 36 }, () => Array.from({ length: 36 }, () => random.normal())),
  );
  const deviations = basis.map((_, i) => i < dimensions ? 3 - i * 0.5 : 0.8 / (i - 1));
  const images = Array.from({ length: count }, () => {
    const image = new Float32Array(36);
    basis.forEach((direction, i) => {
      const factor = deviations[i] * random.normal();
      direction.forEach((v, pixel) => image[pixel] += factor * v);
    });
    return image;
  });
  for (let pixel = 0; pixel < 36; pixel++) {
    const mean = images.reduce((sum, image) => sum + image[pixel], 0) / count;
    for (const image of images) image[pixel] -= mean;
  }
  const network = linearAutoencoder(side, dimensions);
  await withDevice(async (device) => {
    const trainer = await Trainer.create(device, {
      data: {
        shape: [1, side, side],
        count,
        normalisation: "none",
        read: (item) => images[item],
      },
      runs: [{
        label: "linear",
        network,
        items: Uint32Array.from({ length: count }, (_, i) => i),
        seed: 1,
      }],
      loss: { name: "mse" },
      batchSize: count,
      optimizer: { name: "SGD", learningRate: 0.4, momentum: 0.9 },
    });
    while (trainer.epoch < 150) await trainer.trainEpoch();
    const { parameters } = await trainer.readNetworkState(0);
    trainer.destroy();
    const { offset, count: numbers } = network.parameters.get("decoder.weight");
    const weight = parameters.subarray(offset, offset + numbers);
    const learned = orthonormal(
      Array.from(
        { length: dimensions },
        (_, k) => Array.from({ length: 36 }, (_, pixel) => weight[pixel * dimensions + k]),
      ),
    );
    const principal = principalComponents(images, dimensions);
    // The largest angle to a direction of the other space, by what projection leaves of it.
    const angles = learned.map((direction) => {
      const rest = [...direction];
      for (const component of principal) {
        const product = component.reduce((sum, v, i) => sum + v * direction[i], 0);
        component.forEach((v, i) => rest[i] -= product * v);
      }
      return Math.asin(Math.min(1, Math.hypot(...rest))) * 180 / Math.PI;
    });
    assert(Math.max(...angles) < 1, `${angles} degrees`);
  });
});

Deno.test("a code of a layer without one is an error of the network", () => {
  assertThrows(
    () =>
      new Autoencoder("broken", [1, 4, 4], {
        layers: [new Linear("encoder", 16, 4, 16)],
        latent: { batch: 1, channels: 4, depth: 1, height: 1, width: 1 },
        variational: false,
      }),
    RangeError,
    "broken makes 4x1x1x1 of an input of 1x1x4x4",
  );
});
