/**
 * Networks that a GPU trains and applies side by side, in one dispatch a stage, get the bits of each alone: one of
 * images, or of every kind and one of volumes with GYRUS_TEST_FULL=1.
 */
import { assertEquals } from "@std/assert";
import type { Device } from "../../../src/gpu/device.ts";
import { AUGMENTATIONS, type NetworkName } from "../../../src/nn/names.ts";
import type { InputShape, Network } from "../../../src/nn/network.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import { Trainer, type TrainerOptions } from "../../../src/nn/training/trainer.ts";
import { asClass } from "../../gpu/adapters.ts";
import { recordTraining } from "../../gpu/recorded_plan.ts";
import { uniform } from "../fixture.ts";
import { excitedNetwork } from "./excited_network.ts";
import { withDevice } from "./fixture_training.ts";

const full = Deno.env.get("GYRUS_TEST_FULL") === "1";
const COUNT = 5;
const everyItem = Uint32Array.from({ length: COUNT }, (_, i) => i);

/** Three networks of different weights, orders and rates. */
function threeNetworks(network: Network): TrainerOptions {
  const [, ...sides] = network.input;
  const floats = sides.reduce((product, side) => product * side);
  const values = Float32Array.from(uniform(3, COUNT * floats));
  return {
    data: {
      shape: [1, ...sides] as unknown as InputShape,
      count: COUNT,
      normalisation: "element",
      read: (item) => values.subarray(item * floats, (item + 1) * floats),
    },
    targets: everyItem.map((item) => item % 2),
    runs: [
      { label: "first", network, items: everyItem, seed: 3 },
      { label: "second", network, items: everyItem.toReversed(), seed: 4, classWeights: [1, 2] },
      { label: "third", network, items: Uint32Array.of(4, 4, 3, 2, 2), seed: 5 },
    ],
    loss: "cross_entropy",
    batchSize: 3,
    optimizer: { name: "SGD", learningRate: 1e-3, momentum: 0.9, clipNorm: 5 },
    schedule: { kind: "step", every: 1, factor: 0.5 },
    augmentation: AUGMENTATIONS,
  };
}

/** Evaluated items of each network: equally many, then not. */
const evaluations = [
  [everyItem, everyItem, everyItem],
  [everyItem, everyItem.subarray(2), everyItem.subarray(1)],
];

/** Losses and state after some epochs, and what each of the networks `chosen` gives in the evaluations. */
async function train(
  device: Device,
  options: TrainerOptions,
  chosen: readonly number[],
  epochs: number,
) {
  const runs = chosen.map((run) => options.runs[run]);
  const trainer = await Trainer.create(device, { ...options, runs });
  try {
    const losses: Float32Array[][] = [];
    while (trainer.epoch < epochs) losses.push((await trainer.trainEpoch()).losses);
    const logits: Float32Array[][] = [];
    for (const items of evaluations) {
      const outputs = await trainer.evaluate(chosen.map((run) => items[run]));
      logits.push(outputs.map((output) => output.logits));
    }
    const { tensors } = await trainer.readState();
    return runs.map((_, i) => ({
      losses: losses.map((epoch) => epoch[i]),
      logits: logits.map((evaluation) => evaluation[i]),
      tensors: [...tensors].filter(([name]) => name.startsWith(`${i}.`))
        .map(([name, values]) => [name.slice(name.indexOf(".")), values]),
    }));
  } finally {
    trainer.destroy();
  }
}

const convFc = (name: NetworkName, input: InputShape) =>
  createNetwork(name, input, 2, { dropout: 0.3 });

// Those of volumes that the list has take no fewer than 63 voxels a side.
const networks: readonly Network[] = full
  ? [
    convFc("Conv5_FC3", [1, 37, 45]),
    convFc("Conv4_FC3", [1, 37, 45]),
    convFc("Stride_Conv5_FC3", [1, 37, 45]),
    createNetwork("resnet18", [3, 37, 45], 2),
    createNetwork("RandomArchitecture", [1, 37, 45], 2),
    convFc("Conv4_FC3", [1, 17, 18, 19]),
    excitedNetwork([1, 17, 18, 19]),
  ]
  : [convFc("Conv4_FC3", [1, 18, 21])];

for (const network of networks) {
  const { architecture: name, input } = network;
  Deno.test(`three networks ${name} of ${input.join("x")} side by side on a GPU give the bits of each alone`, async () => {
    await withDevice(async (opened) => {
      const device = asClass(opened, "integrated");
      const options = threeNetworks(network);
      const thorough = full && name.includes("FC3");
      const epochs = thorough ? 2 : 1;
      const together = await train(device, options, [0, 1, 2], epochs);
      for (const run of thorough ? [0, 1, 2] : [1]) {
        assertEquals(together[run], (await train(device, options, [run], epochs))[0]);
      }
      const streamed = await train(device, { ...options, residentBytes: 0 }, [0, 1, 2], epochs);
      assertEquals(streamed, together);
    });
  });
}

Deno.test("three networks take the dispatches of one with every option of a training", () => {
  const options = threeNetworks(convFc("Conv5_FC3", [1, 37, 45]));
  const frozen = new Set(["convolutions.0.weight"]);
  for (
    const change of [
      options,
      { ...options, accumulationSteps: 2, residentBytes: 1e9 },
      { ...options, runs: options.runs.map((run) => ({ ...run, frozen })) },
    ]
  ) {
    const together = recordTraining(change);
    const alone = recordTraining({ ...change, runs: change.runs.slice(0, 1) });
    assertEquals(together.map(({ label }) => label), alone.map(({ label }) => label));
  }
});
