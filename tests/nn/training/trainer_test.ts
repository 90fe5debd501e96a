import { assert, assertEquals, assertRejects } from "@std/assert";
import { DeviceError } from "../../../src/errors.ts";
import { type Device, openDevice } from "../../../src/gpu/device.ts";
import { largestTensor } from "../../../src/gpu/texels.ts";
import { Trainer, type TrainerOptions } from "../../../src/nn/training/trainer.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import { asClass } from "../../gpu/adapters.ts";
import { tightDevice } from "../../gpu/tight_device.ts";
import { fixtureData, fixtures } from "../fixture.ts";
import {
  assertGradients,
  assertLogits,
  assertLosses,
  optimizers,
  trainFixture,
  withDevice,
} from "./fixture_training.ts";

/** A network of images and its fixture. */
const ofImages = (architecture: string) => ({ architecture, fixture: fixtures[architecture] });

for (const optimizer of ["SGD", "Adam"]) {
  Deno.test(`ten steps of ResNet-18 with ${optimizer} give PyTorch's losses`, async () => {
    await withDevice(async (device) => {
      const { losses, logits } = await trainFixture(device, ofImages("resnet18"), optimizer, 10);
      assertLosses(ofImages("resnet18"), optimizer, losses);
      assertLogits(ofImages("resnet18"), optimizer, logits);
    });
  });
}

for (const optimizer of Object.keys(optimizers)) {
  Deno.test(`six steps of Conv5_FC3 with ${optimizer} give PyTorch's losses and logits`, async () => {
    await withDevice(async (device) => {
      const { losses, logits } = await trainFixture(device, ofImages("Conv5_FC3"), optimizer, 6);
      assertLosses(ofImages("Conv5_FC3"), optimizer, losses);
      assertLogits(ofImages("Conv5_FC3"), optimizer, logits);
    });
  });
}

Deno.test("the kernels of discrete adapters give PyTorch's losses and logits too", async () => {
  await withDevice(async (opened) => {
    const device = asClass(opened, "discrete");
    assertEquals(device.class, "discrete");
    const { losses, logits } = await trainFixture(device, ofImages("Conv5_FC3"), "Adam", 6);
    assertLosses(ofImages("Conv5_FC3"), "Adam", losses);
    assertLogits(ofImages("Conv5_FC3"), "Adam", logits);
  });
});

function smallTask(): TrainerOptions {
  const fixture = { ...fixtures.Conv5_FC3, batch_size: 1 };
  const { data, labels, items } = fixtureData(fixture, 22);
  const network = createNetwork("Conv5_FC3", fixture.input, 2, { dropout: 0.3 });
  return {
    data: { ...data, normalisation: "element" },
    targets: labels,
    runs: [{ label: "small", network, items, seed: 3 }],
    loss: "cross_entropy",
    batchSize: 4,
    optimizer: { name: "Adam", learningRate: 1e-3 },
    augmentation: ["Noise", "Erasing", "CropPad", "Smoothing"],
  };
}

async function trained(device: Device, options: TrainerOptions, epochs: number) {
  const trainer = await Trainer.create(device, options);
  try {
    const losses: number[] = [];
    while (trainer.epoch < epochs) losses.push(...(await trainer.trainEpoch()).losses[0]);
    const weights = await trainer.readNetworkState(0);
    return { losses, parameters: weights.parameters, statistics: weights.statistics };
  } finally {
    trainer.destroy();
  }
}

Deno.test("the same seed trains to the same bits, another seed to others", async () => {
  await withDevice(async (device) => {
    const options = smallTask();
    const first = await trained(device, options, 2);
    assertEquals(await trained(device, options, 2), first);
    const other = await trained(device, {
      ...options,
      runs: [{ ...options.runs[0], seed: 4 }],
    }, 2);
    assert(other.losses[0] !== first.losses[0]);
  });
});

Deno.test("training streamed from the host gives the bits of resident data", async () => {
  await withDevice(async (device) => {
    const options = smallTask();
    const resident = await trained(device, options, 1);
    assertEquals(await trained(device, { ...options, residentBytes: 1 }, 1), resident);
  });
});

Deno.test("training side by side with another network gives the bits of training alone", async () => {
  await withDevice(async (device) => {
    const options = smallTask();
    const [run] = options.runs;
    const alone = await trained(device, options, 2);
    const beside = await trained(device, {
      ...options,
      runs: [run, { ...run, label: "other", seed: 9, items: run.items.toReversed() }],
    }, 2);
    assertEquals(beside, alone);
  });
});

for (const accumulationSteps of [1, 3]) {
  Deno.test(`an interrupted training continues with the same bits on a fresh device, ${accumulationSteps} batches an update`, async () => {
    await withDevice(async (device) => {
      const options = { ...smallTask(), accumulationSteps };
      const whole = await trained(device, options, 2);
      const trainer = await Trainer.create(device, options);
      const controller = new AbortController();
      await trainer.trainEpoch();
      const stopped = await assertRejects(() =>
        trainer.trainEpoch({
          signal: controller.signal,
          onProgress: ({ batch }) => batch === 2 && controller.abort(new Error("stop")),
        })
      );
      assertEquals((stopped as Error).message, "stop");
      const state = await trainer.readState();
      trainer.destroy();
      assertEquals([state.counters.epoch, state.counters.batch], [1, 2]);
      const fresh = await openDevice();
      const resumed = await trained(
        fresh,
        { ...options, resume: { ...state, counters: JSON.parse(JSON.stringify(state.counters)) } },
        2,
      );
      fresh.destroy();
      assertEquals(resumed.losses, whole.losses.slice(6));
      assertEquals(resumed.parameters, whole.parameters);
      assertEquals(resumed.statistics, whole.statistics);
    });
  });
}

Deno.test("frozen parameters keep their bits while the others learn", async () => {
  await withDevice(async (device) => {
    const options = smallTask();
    const [run] = options.runs;
    const names = run.network.parameters.tensors.map((tensor) => tensor.name);
    const free = new Set(names.slice(-3));
    const frozen = new Set(names.filter((name) => !free.has(name)));
    const { parameters } = await trained(device, { ...options, runs: [{ ...run, frozen }] }, 1);
    const before = run.network.createInitialParameters(run.seed);
    for (const { name, offset, count } of run.network.parameters.tensors) {
      const same = parameters.subarray(offset, offset + count).every((v, i) =>
        v === before[offset + i]
      );
      assertEquals(same, frozen.has(name), name);
    }
  });
});

Deno.test("a loss that is not finite stops the run with step, batch and layer", async () => {
  await withDevice(async (device) => {
    const options = smallTask();
    const trainer = await Trainer.create(device, {
      ...options,
      augmentation: [],
      sampler: "sequential",
      data: {
        ...options.data,
        normalisation: "none",
        read: (item) =>
          item === 9
            ? new Float32Array(37 * 45).fill(Infinity)
            : options.data.read(item) as Float32Array,
      },
    });
    const error = await assertRejects(() => trainer.trainEpoch(), DeviceError);
    assert(
      /epoch 0, batch 2;.*at step 2 in layer convolutions.1/.test(error.message),
      error.message,
    );
    trainer.destroy();
  });
});

// A ReLU of ResNet-18 whose input rounds to the other side of zero moves a norm by some 1e-3.
for (const [name, tolerance] of [["resnet18", 3e-3], ["Conv5_FC3", 2e-5]] as const) {
  Deno.test(`the gradients of ${name} have PyTorch's norms, its evaluation PyTorch's logits`, async () => {
    await withDevice((device) => assertGradients(device, ofImages(name), tolerance));
  });
}

Deno.test("a batch that exceeds the device reports what is needed and which batch size fits", async () => {
  await withDevice(async (device) => {
    const side = 1024;
    const perImage = 64 * (side / 2) ** 2 * 4;
    const fits = Math.floor(largestTensor(device) / perImage);
    const count = fits + 1;
    const network = createNetwork("resnet18", [1, side, side], 2, { head: "linear" });
    const image = new Float32Array(side * side);
    const error = await assertRejects(
      () =>
        Trainer.create(device, {
          data: { shape: [1, side, side], count, normalisation: "none", read: () => image },
          targets: new Uint32Array(count),
          residentBytes: 1,
          runs: [{
            label: "large",
            network,
            items: Uint32Array.from({ length: count }, (_, i) => i),
            seed: 0,
          }],
          loss: "cross_entropy",
          batchSize: count,
          optimizer: { name: "SGD", learningRate: 0.1 },
        }),
      DeviceError,
    );
    assert(/"conv1" needs .* this device takes at most/.test(error.message), error.message);
    assert(error.message.includes(`batch_size ${fits} would fit`), error.message);
  });
});

Deno.test("a device out of memory reports what was needed and given, and the batch size that fits", async () => {
  await withDevice(async (opened) => {
    const batch = (batchSize: number): TrainerOptions => ({ ...smallTask(), batchSize });
    const bytes = 18 * 2 ** 20;
    const error = await assertRejects(
      () => trained(tightDevice(opened, bytes), batch(22), 1),
      DeviceError,
    );
    const numbers = /needs ([\d.]+) MiB .* gave ([\d.]+) MiB and then refused/.exec(error.message);
    assert(numbers && Number(numbers[1]) > Number(numbers[2]), error.message);
    const fits = Number(/batch_size (\d+) would fit/.exec(error.message)?.[1]);
    assert(fits > 0 && fits < 22, error.message);
    const { losses } = await trained(tightDevice(opened, bytes), batch(fits), 1);
    assertEquals(losses.length, Math.ceil(22 / fits));
  });
});

Deno.test("options that contradict each other are refused before anything is uploaded", async () => {
  await withDevice(async (device) => {
    const options = smallTask();
    const [run] = options.runs;
    const refused = (change: Partial<TrainerOptions>, message: string) =>
      assertRejects(() => Trainer.create(device, { ...options, ...change }), RangeError, message);
    await refused({ runs: [] }, "no network");
    await refused({ batchSize: 0 }, "batch_size 0");
    await refused({ loss: "mse" }, "takes values");
    await refused({ targets: new Uint32Array(3) }, "3 targets for 22 items");
    await refused({ targets: new Uint32Array(22).fill(2) }, "classes beyond its 2 outputs");
    await refused({ runs: [run, { ...run, items: run.items.slice(1) }] }, "equally many items");
    await refused({ data: { ...options.data, shape: [1, 37, 44] } }, "takes 1x37x45 images");
  });
});
