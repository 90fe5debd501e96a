/**
 * Activations that are stored as float16: losses near those of float32, about half of the memory, and refused
 * where a device lacks it. Of a small network, or also of larger ones with GYRUS_TEST_FULL=1.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { DeviceError } from "../../../src/errors.ts";
import { Device } from "../../../src/gpu/device.ts";
import { typicalDevice } from "../../../src/gpu/planning_device.ts";
import { planTraining } from "../../../src/nn/memory.ts";
import type { NetworkName } from "../../../src/nn/names.ts";
import type { InputShape, Network } from "../../../src/nn/network.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import { Trainer, type TrainerOptions } from "../../../src/nn/training/trainer.ts";
import { adapters, asClass } from "../../gpu/adapters.ts";
import { uniform } from "../fixture.ts";
import { excitedNetwork } from "./excited_network.ts";
import { withDevice } from "./fixture_training.ts";

const full = Deno.env.get("GYRUS_TEST_FULL") === "1";
const STEPS = 10;
const BATCH = 4;
const COUNT = STEPS * BATCH;

/**
 * At 1e-4 ten steps of ResNet-18 with batches of four enlarge any error: images that change by 2^-11, as float16
 * rounds, move losses of float32 by up to 1 %.
 */
function rateOf({ architecture }: Network): number {
  return architecture === "resnet18" ? 1e-5 : 1e-4;
}

function task(network: Network): TrainerOptions {
  const [, ...sides] = network.input;
  const floats = sides.reduce((product, side) => product * side);
  const values = Float32Array.from(uniform(3, COUNT * floats));
  const items = Uint32Array.from({ length: COUNT }, (_, i) => i);
  const targets = items.map((item) => item % 2);
  // The classes differ in brightness.
  items.forEach((item) => {
    if (targets[item] === 0) return;
    for (let at = 0; at < floats; at += 3) values[item * floats + at] *= 0.5;
  });
  return {
    data: {
      shape: [1, ...sides] as unknown as InputShape,
      count: COUNT,
      normalisation: "element",
      read: (item) => values.subarray(item * floats, (item + 1) * floats),
    },
    targets,
    runs: [{ label: network.architecture, network, items, seed: 3 }],
    loss: "cross_entropy",
    batchSize: BATCH,
    optimizer: { name: "Adam", learningRate: rateOf(network), clipNorm: 5 },
    sampler: "sequential",
  };
}

async function train(device: Device, options: TrainerOptions): Promise<Float32Array[]> {
  const trainer = await Trainer.create(device, options);
  try {
    const { losses } = await trainer.trainEpoch();
    const items = options.runs.map((run) => run.items.subarray(0, BATCH));
    const [{ logits }] = await trainer.evaluate(items);
    assert(logits.every(Number.isFinite));
    return losses;
  } finally {
    trainer.destroy();
  }
}

const convFc = (name: NetworkName, input: InputShape) =>
  createNetwork(name, input, 2, { dropout: 0 });

const small = convFc("Conv4_FC3", [1, 18, 21]);
const networks = [small];
if (full) {
  networks.push(
    convFc("Conv5_FC3", [1, 37, 45]),
    convFc("Conv4_FC3", [1, 17, 18, 19]),
    createNetwork("resnet18", [3, 64, 64], 2),
    excitedNetwork([1, 17, 18, 19]),
  );
}

for (const network of networks) {
  const { architecture: name, input } = network;
  Deno.test(`ten steps of ${name} on ${input.join("x")} with float16 give the losses of float32`, async () => {
    await withDevice(async (opened) => {
      const device = asClass(opened, "integrated");
      const options = task(network);
      const [expected] = await train(device, options);
      const [found] = await train(device, { ...options, storage: "f16" });
      expected.forEach((loss, step) => {
        const error = Math.abs(found[step] / loss - 1);
        assert(error <= 1e-2, `step ${step}: ${found[step]}, not ${loss}`);
      });
      assert(found.some((loss, step) => loss !== expected[step]));
      // The software adapter takes minutes for each ResNet-18.
      if (!full || name === "resnet18") return;
      const [run] = options.runs;
      const runs = [run, { ...run, seed: 4 }];
      const [beside] = await train(device, { ...options, runs, storage: "f16" });
      assertEquals(beside, found);
    });
  });
}

Deno.test("activations of float16 take half of the memory", async () => {
  const network = createNetwork("Conv5_FC3", [1, 169, 208, 179], 2);
  const optimizer = { name: "Adam", learningRate: 1e-4 } as const;
  const bytes = async (storage: "f32" | "f16") => {
    const plan = { network, batchSize: 4, optimizer, storage };
    return (await planTraining(typicalDevice("discrete"), plan)).activations;
  };
  const ratio = await bytes("f16") / await bytes("f32");
  assert(ratio < 0.65, `${ratio}`);
});

Deno.test("float16 is refused with the reason on a device that does not store it", async () => {
  await withDevice(async (opened) => {
    const options: TrainerOptions = { ...task(small), storage: "f16" };
    await assertRejects(
      () => train(asClass(opened, "software"), options),
      DeviceError,
      "its kernels read float32 textures",
    );
    const without = new Proxy(opened.gpu, {
      get(target, key) {
        if (key === "features") return new Set();
        const value = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    await assertRejects(
      () => train(new Device(without, adapters.discrete), options),
      DeviceError,
      "its driver does not offer shader-f16",
    );
  });
});
