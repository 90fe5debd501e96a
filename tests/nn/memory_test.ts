/** The planned memory of trainings; with GYRUS_TEST_FULL=1 also what a step of whole brains allocates. */
import { assert } from "@std/assert";
import type { Device } from "../../src/gpu/device.ts";
import { plannedFor, typicalDevice } from "../../src/gpu/planning_device.ts";
import { planInference, planTraining } from "../../src/nn/memory.ts";
import type { InputShape } from "../../src/nn/network.ts";
import { infer } from "../../src/nn/infer.ts";
import { createAutoencoder } from "../../src/nn/networks/autoencoders.ts";
import { createNetwork } from "../../src/nn/networks/mod.ts";
import { reconstruct } from "../../src/nn/reconstruct.ts";
import { createInitialState } from "../../src/nn/state_dict.ts";
import { Trainer } from "../../src/nn/training/trainer.ts";
import { asClass } from "../gpu/adapters.ts";
import { countingDevice } from "../gpu/counting_device.ts";
import { withDevice } from "./training/fixture_training.ts";

const full = Deno.env.get("GYRUS_TEST_FULL") === "1";
const GIB = 2 ** 30;
const WHOLE_BRAIN = [1, 169, 208, 179] as const;
const optimizer = { name: "Adam", learningRate: 1e-4 } as const;

function task(name: string, input: InputShape, batchSize: number, count: number) {
  const floats = input.reduce((product, size) => product * size);
  const values = Float32Array.from({ length: floats }, (_, i) => i % 251);
  return {
    network: createNetwork(name, input, 2),
    batchSize,
    items: Uint32Array.from({ length: count }, (_, i) => i),
    data: { shape: input, count, normalisation: "element" as const, read: () => values },
    residentBytes: 0,
  };
}

/** Bytes that a training holds on the device after `batches` steps. */
async function measureTraining(
  opened: Device,
  { network, items, ...rest }: ReturnType<typeof task>,
  batches: number,
): Promise<number> {
  const { device, bytes } = countingDevice(opened);
  const trainer = await Trainer.create(device, {
    ...rest,
    targets: Uint32Array.from(items, (item) => item % 2),
    runs: [{ label: network.architecture, network, items, seed: 0 }],
    loss: "cross_entropy",
    optimizer,
  });
  if (batches > 0) await trainer.trainEpoch({ until: batches });
  trainer.destroy();
  return bytes.peak;
}

function assertClose(planned: number, measured: number, what: string): void {
  const ratio = planned / measured;
  assert(
    ratio > 0.9 && ratio < 1.1,
    `${what}: ${planned} bytes are planned, ${measured} are taken`,
  );
}

// Batches of evaluations are no larger than these.
const small: [name: string, input: InputShape, batchSize: number][] = [
  ["Conv5_FC3", [1, 48, 48, 52], 8],
  ...(full ? [["resnet18", [1, 96, 80], 64] as [string, InputShape, number]] : []),
];
for (const [name, input, batchSize] of small) {
  Deno.test(`the planned memory of ${name} is what training and applying it allocate`, async () => {
    await withDevice(async (opened) => {
      const whole = task(name, input, batchSize, batchSize);
      const { network, items, ...rest } = whole;
      for (const device of [opened, asClass(opened, "discrete")]) {
        const plan = { network, batchSize, optimizer };
        const { total } = await planTraining(plannedFor(device), plan);
        assertClose(total, await measureTraining(device, whole, 0), `training, ${device.class}`);
      }
      const { device, bytes } = countingDevice(opened);
      const weights = createInitialState(network, 0);
      await infer(device, { ...rest, runs: [{ network, weights, items }] });
      const { total } = await planInference(plannedFor(device), network, batchSize);
      assertClose(total, bytes.peak, "inference");
    });
  });
}

const reconstructing: [name: string, input: InputShape][] = [
  ["AE_Conv5_FC3", [1, 48, 48, 60]],
  ["Vanilla3DdenseVAE", [1, 64, 64, 68]],
  ...(full
    ? [
      ["CVAE_3D_half", [1, 40, 48, 40]],
      ["CVAE_3D_final_conv", [1, 40, 48, 40]],
      ["GeneratorUNet", [1, 64, 64, 64]],
    ] as [string, InputShape][]
    : []),
];
for (const [name, input] of reconstructing) {
  Deno.test(`the planned memory of ${name} is what training and applying it allocate`, async () => {
    await withDevice(async (opened) => {
      // On a software adapter a tensor of more U-Nets would be too large.
      const batchSize = name === "GeneratorUNet" ? 2 : 8;
      const { items, ...rest } = task("Conv5_FC3", input, batchSize, batchSize);
      const network = createAutoencoder(name, input, { latentSpaceSize: 16, featureSize: 64 });
      const { device, bytes } = countingDevice(opened);
      const trainer = await Trainer.create(device, {
        ...rest,
        runs: [{ label: name, network, items, seed: 0 }],
        loss: { name: network.variational ? "bernoulli" : "l1" },
        optimizer,
      });
      await trainer.evaluateReconstruction([items]);
      trainer.destroy();
      const plan = { network, batchSize, optimizer };
      const { total } = await planTraining(plannedFor(opened), plan);
      assertClose(total, bytes.peak, "training");
      const applied = countingDevice(opened);
      const runs = [{ network, weights: createInitialState(network, 0), items }];
      await reconstruct(applied.device, { ...rest, runs }, () => {});
      const inference = await planInference(plannedFor(opened), network, batchSize);
      assertClose(inference.total, applied.bytes.peak, "inference");
    });
  });
}

Deno.test("Conv5_FC3 of whole brains trains at batch 1 in 4 GiB and at batch 2 in 6 GiB", async () => {
  for (const kind of ["software", "discrete"] as const) {
    for (const [batchSize, most] of [[1, 4 * GIB], [2, 6 * GIB]]) {
      const network = createNetwork("Conv5_FC3", WHOLE_BRAIN, 2);
      const plan = { network, batchSize, optimizer };
      const { total } = await planTraining(typicalDevice(kind), plan);
      assert(total < most, `batch ${batchSize} on a ${kind} device: ${total}`);
    }
  }
});

if (full) {
  Deno.test("a step of whole brains allocates what is planned", async () => {
    await withDevice(async (device) => {
      for (const batchSize of [1, 2]) {
        const whole = task("Conv5_FC3", WHOLE_BRAIN, batchSize, batchSize);
        const plan = { network: whole.network, batchSize, optimizer };
        const { total } = await planTraining(plannedFor(device), plan);
        assertClose(total, await measureTraining(device, whole, 1), `batch ${batchSize}`);
      }
    });
  });

  Deno.test("a step of an autoencoder of whole brains allocates what is planned", async () => {
    await withDevice(async (opened) => {
      const { device, bytes } = countingDevice(opened);
      const network = createAutoencoder("AE_Conv5_FC3", WHOLE_BRAIN);
      const { items, ...rest } = task("Conv5_FC3", WHOLE_BRAIN, 1, 1);
      const trainer = await Trainer.create(device, {
        ...rest,
        runs: [{ label: "whole", network, items, seed: 0 }],
        loss: { name: "mse" },
        optimizer,
      });
      await trainer.trainEpoch({ until: 1 });
      trainer.destroy();
      const plan = { network, batchSize: 1, optimizer };
      const { total } = await planTraining(plannedFor(opened), plan);
      assertClose(total, bytes.peak, "batch 1");
    });
  });
}
