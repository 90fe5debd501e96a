/** Networks that reconstruct their input, trained as PyTorch trains them. */
import { assert, assertEquals } from "@std/assert";
import type { Device } from "../../../src/gpu/device.ts";
import { meanLoss } from "../../../src/nn/reconstruction.ts";
import { asClass } from "../../gpu/adapters.ts";
import {
  assertKept,
  type AutoencoderCase,
  autoencoderFixture,
  differenceOf,
  openFixture,
} from "../autoencoder_fixture.ts";
import { withDevice } from "./fixture_training.ts";

const full = Deno.env.get("GYRUS_TEST_FULL") === "1";

const nameOf = ({ architecture, input, loss }: AutoencoderCase) =>
  `${architecture} of ${input.length === 4 ? "volumes" : "images"} with ${loss}`;

async function assertGradients(device: Device, fixture: AutoencoderCase): Promise<void> {
  const { trainer, network } = await openFixture(device, fixture, "none", 1);
  try {
    await trainer.trainEpoch();
    const buffer = trainer.buffers.runs[0].gradients;
    const gradients = network.parameters.toHost(await device.readFloats(buffer));
    const largest = Math.max(...Object.values(fixture.gradient_norms));
    for (const { name, offset, count } of network.parameters.tensors) {
      const own = gradients.subarray(offset, offset + count);
      const norm = Math.sqrt(own.reduce((sum, g) => sum + g * g, 0));
      const expected = fixture.gradient_norms[name];
      // A bias before a normalisation has no effect: its gradient is zero but for rounding.
      const allowed = Math.max(1e-4 * expected, 1e-6 * largest);
      assert(Math.abs(norm - expected) <= allowed, `${name}: ${norm}, not ${expected}`);
    }
    assertEquals(network.parameters.tensors.length, Object.keys(fixture.gradient_norms).length);
  } finally {
    trainer.destroy();
  }
}

/** 1e-4, or three times what PyTorch's own float32 is off where that is more. */
async function assertTraining(
  device: Device,
  fixture: AutoencoderCase,
  optimizer: "SGD" | "Adam",
): Promise<void> {
  const { float32, float64 } = fixture.training[optimizer];
  const { trainer, network, images, first } = await openFixture(device, fixture, optimizer);
  try {
    const { losses: [losses] } = await trainer.trainEpoch();
    float64.losses.forEach((expected, step) => {
      const own = Math.abs(float32.losses[step] / expected - 1);
      const error = Math.abs(losses[step] / expected - 1);
      assert(error <= Math.max(1e-4, 3 * own), `step ${step}: ${losses[step]}, not ${expected}`);
    });
    const [errors] = await trainer.evaluateReconstruction([first]);
    const { reconstruction, kl } = meanLoss({ name: fixture.loss }, errors);
    [reconstruction, kl].forEach((term, i) => {
      const expected = float64.evaluated[i];
      const own = Math.abs(float32.evaluated[i] - expected);
      // Of a continuous Bernoulli loss terms of about log 2 a voxel cancel, so that rounding is left.
      const rounding = fixture.loss === "continuous_bernoulli" ? network.outputs * 2 ** -23 : 0;
      const allowed = Math.max(1e-4 * Math.abs(expected), 3 * own, rounding);
      assert(Math.abs(term - expected) <= allowed, `term ${i}: ${term}, not ${expected}`);
    });
    const outputs: number[] = [];
    const latents: number[] = [];
    await trainer.reconstruct([first], ({ item, input, output, latent }) => {
      assertEquals(input, images.subarray(item * input.length, (item + 1) * input.length));
      for (const value of output) outputs.push(value);
      for (const value of latent) latents.push(value);
    });
    for (const [values, name] of [[outputs, "output"], [latents, "latent"]] as const) {
      const own = differenceOf(float32[name], float64[name]);
      assertKept(values, float64[name], Math.max(1e-4, 3 * own), name);
    }
  } finally {
    trainer.destroy();
  }
}

const fixtures = autoencoderFixture.networks;
for (const fixture of full ? fixtures : fixtures.slice(1, 3)) {
  Deno.test(`the gradients of ${nameOf(fixture)} have PyTorch's norms`, async () => {
    await withDevice(async (device) => {
      await assertGradients(device, fixture);
      if (full) await assertGradients(asClass(device, "discrete"), fixture);
    });
  });
}

for (const fixture of fixtures) {
  for (const optimizer of full ? ["SGD", "Adam"] as const : ["Adam"] as const) {
    Deno.test(`ten steps of ${nameOf(fixture)} and ${optimizer} give PyTorch's losses, reconstructions and codes`, async () => {
      await withDevice(async (device) => {
        await assertTraining(device, fixture, optimizer);
        if (full) await assertTraining(asClass(device, "discrete"), fixture, optimizer);
      });
    });
  }
}
