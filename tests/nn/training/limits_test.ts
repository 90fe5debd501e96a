/** Trainings of volumes under a small limit of a binding, with data resident and streamed: the same bits. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { activationBytes } from "../../../kernels/tensors.ts";
import type { Device } from "../../../src/gpu/device.ts";
import { AUGMENTATIONS } from "../../../src/nn/names.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import { Trainer, type TrainerOptions } from "../../../src/nn/training/trainer.ts";
import { limitedDevice } from "../../gpu/limited_device.ts";
import { uniform } from "../fixture.ts";
import { withDevice } from "./fixture_training.ts";

const LIMIT = 2 ** 20;
const SIDE = 28;
const COUNT = 20;

/** Two networks side by side; data, activations and weights are all longer than {@link LIMIT}. */
function twoNetworks(): TrainerOptions {
  const floats = SIDE ** 3;
  const volumes = Float32Array.from(uniform(17, COUNT * floats));
  const network = createNetwork("Conv5_FC3", [1, SIDE, SIDE, SIDE], 2, { dropout: 0.2 });
  const items = Uint32Array.of(0, 11, 2, 3, 5, 7, 18);
  return {
    data: {
      shape: [1, SIDE, SIDE, SIDE],
      count: COUNT,
      normalisation: "element",
      read: (item) => volumes.subarray(item * floats, (item + 1) * floats),
    },
    targets: Uint32Array.from({ length: COUNT }, (_, i) => i % 2),
    runs: [
      { label: "first", network, items, seed: 0 },
      { label: "second", network, items: items.toReversed(), seed: 5 },
    ],
    loss: "cross_entropy",
    batchSize: 3,
    optimizer: { name: "Adam", learningRate: 1e-3 },
    accumulationSteps: 2,
    augmentation: AUGMENTATIONS,
  };
}

/** Trains an epoch and applies the networks; `stop` is a batch at which the state is read first. */
async function train(device: Device, options: TrainerOptions, stop?: number) {
  const trainer = await Trainer.create(device, options);
  try {
    await trainer.trainEpoch({ until: stop });
    const stopped = stop === undefined ? undefined : await trainer.readState();
    if (trainer.epoch === 0) await trainer.trainEpoch();
    const outputs = await trainer.evaluate([Uint32Array.of(14, 6, 18, 0), Uint32Array.of(1, 2)]);
    const { counters, tensors } = await trainer.readState();
    return { stopped, end: { outputs, counters, tensors } };
  } finally {
    trainer.destroy();
  }
}

Deno.test("two networks of augmented volumes train, stop, resume and are applied to the same bits wherever the data are and however long a binding is", async () => {
  await withDevice(async (device) => {
    const options = twoNetworks();
    const [{ network }] = options.runs;
    assert(COUNT * SIDE ** 3 * 4 > LIMIT);
    assert(network.parameters.deviceLength * 4 > LIMIT);
    assert(activationBytes(network.inputShape(options.batchSize)) > LIMIT);
    const limited = limitedDevice(device, { maxStorageBufferBindingSize: LIMIT });

    const { end, stopped } = await train(device, options, 2);
    const resume = structuredClone(stopped!);
    const inBuffers = await train(limited, { ...options, resume: structuredClone(resume) });
    assertEquals(inBuffers.end, end);
    const streamed = { ...options, residentBytes: 0 };
    assertEquals((await train(device, { ...streamed, resume: structuredClone(resume) })).end, end);
    assertEquals(await train(limited, streamed, 2), { stopped: resume, end });
  });
});

Deno.test("a volume that can't be read stops a streamed training with its error", async () => {
  await withDevice(async (device) => {
    const options = twoNetworks();
    const read = (item: number) => {
      if (item === 7) throw new RangeError("volume 7 is torn");
      return options.data.read(item);
    };
    const trainer = await Trainer.create(device, {
      ...options,
      data: { ...options.data, read },
      residentBytes: 1,
      runs: [options.runs[0]],
      sampler: "sequential",
    });
    await assertRejects(() => trainer.trainEpoch(), RangeError, "volume 7 is torn");
    trainer.destroy();
  });
});
