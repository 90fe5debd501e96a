import { assert, assertEquals, assertRejects } from "@std/assert";
import { DeviceError } from "../../../src/errors.ts";
import { type Device, openDevice } from "../../../src/gpu/device.ts";
import { largestTensor } from "../../../src/gpu/texels.ts";
import { Trainer, type TrainerOptions } from "../../../src/nn/training/trainer.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import type { OptimizerOptions } from "../../../src/nn/optimizer.ts";
import { asClass } from "../../gpu/adapters.ts";
import { tightDevice } from "../../gpu/tight_device.ts";
import { fixtureData, fixtures, fixtureWeights } from "../fixture.ts";

const optimizers: Record<string, OptimizerOptions> = {
  SGD: { name: "SGD", learningRate: 3e-5, momentum: 0.9, weightDecay: 1e-4 },
  Nesterov: { name: "SGD", learningRate: 1e-2, momentum: 0.9, nesterov: true },
  Adam: { name: "Adam", learningRate: 2e-6, weightDecay: 1e-4 },
  AdamW: { name: "AdamW", learningRate: 1e-4, weightDecay: 1e-2 },
  RMSprop: { name: "RMSprop", learningRate: 1e-4, weightDecay: 1e-4 },
  Adagrad: { name: "Adagrad", learningRate: 1e-3, weightDecay: 1e-4 },
  Adadelta: { name: "Adadelta", learningRate: 1, weightDecay: 1e-4 },
  Adamax: { name: "Adamax", learningRate: 1e-4, weightDecay: 1e-4 },
  NAdam: { name: "NAdam", learningRate: 1e-4, weightDecay: 1e-4 },
  RAdam: { name: "RAdam", learningRate: 1e-3, weightDecay: 1e-4 },
  ASGD: { name: "ASGD", learningRate: 1e-2, weightDecay: 1e-4 },
};

async function withDevice(work: (device: Device) => Promise<void>): Promise<void> {
  const device = await openDevice();
  try {
    await work(device);
  } finally {
    device.destroy();
  }
}

/** Trains as the fixture did; returns losses and the final logits of the first batch. */
async function trainFixture(device: Device, name: string, optimizer: string, steps: number) {
  const fixture = fixtures[name];
  const network = createNetwork(name, fixture.input, 2);
  const { data, labels, items } = fixtureData(fixture, steps);
  const trainer = await Trainer.create(device, {
    data,
    targets: labels,
    runs: [{ label: name, network, items, seed: 0, initial: fixtureWeights(network) }],
    loss: "cross_entropy",
    batchSize: fixture.batch_size,
    sampler: "sequential",
    optimizer: optimizers[optimizer],
  });
  try {
    const { losses } = await trainer.trainEpoch();
    const [{ logits }] = await trainer.evaluate([items.subarray(0, fixture.batch_size)]);
    return { losses: losses[0], logits };
  } finally {
    trainer.destroy();
  }
}

/** 1e-4 relative, or three times PyTorch's own deviation where that is larger. */
function assertLosses(name: string, optimizer: string, losses: Float32Array): void {
  const { losses_float32, losses_float64 } = fixtures[name].training[optimizer];
  losses_float64.forEach((expected, step) => {
    const own = Math.abs(losses_float32[step] / expected - 1);
    const ours = Math.abs(losses[step] / expected - 1);
    assert(
      ours <= Math.max(1e-4, 3 * own),
      `${name}, ${optimizer}, step ${step}: ${losses[step]} instead of ${expected}`,
    );
  });
}

/** 1e-4 absolute, or three times PyTorch's own deviation where that is larger. */
function assertLogits(name: string, optimizer: string, logits: Float32Array): void {
  const { logits_float32, logits_float64 } = fixtures[name].training[optimizer];
  const own = Math.max(...logits_float64.map((v, i) => Math.abs(v - logits_float32[i])));
  logits_float64.forEach((expected, i) => {
    assert(
      Math.abs(logits[i] - expected) <= Math.max(1e-4, 3 * own),
      `${name}, ${optimizer}, logit ${i}: ${logits[i]} instead of ${expected}`,
    );
  });
}

for (const optimizer of ["SGD", "Adam"]) {
  Deno.test(`ten steps of ResNet-18 with ${optimizer} give PyTorch's losses`, async () => {
    await withDevice(async (device) => {
      const { losses, logits } = await trainFixture(device, "resnet18", optimizer, 10);
      assertLosses("resnet18", optimizer, losses);
      assertLogits("resnet18", optimizer, logits);
    });
  });
}

for (const optimizer of Object.keys(optimizers)) {
  Deno.test(`six steps of Conv5_FC3 with ${optimizer} give PyTorch's losses and logits`, async () => {
    await withDevice(async (device) => {
      const { losses, logits } = await trainFixture(device, "Conv5_FC3", optimizer, 6);
      assertLosses("Conv5_FC3", optimizer, losses);
      assertLogits("Conv5_FC3", optimizer, logits);
    });
  });
}

Deno.test("the kernels of discrete adapters give PyTorch's losses and logits too", async () => {
  await withDevice(async (opened) => {
    const device = asClass(opened, "discrete");
    assertEquals(device.class, "discrete");
    const { losses, logits } = await trainFixture(device, "Conv5_FC3", "Adam", 6);
    assertLosses("Conv5_FC3", "Adam", losses);
    assertLogits("Conv5_FC3", "Adam", logits);
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
    await withDevice(async (device) => {
      const fixture = fixtures[name];
      const network = createNetwork(name, fixture.input, 2);
      const { data, labels, items } = fixtureData(fixture, 1);
      const trainer = await Trainer.create(device, {
        data,
        targets: labels,
        runs: [{ label: name, network, items, seed: 0, initial: fixtureWeights(network) }],
        loss: "cross_entropy",
        batchSize: fixture.batch_size,
        sampler: "sequential",
        optimizer: { name: "SGD", learningRate: 0 },
      });
      await trainer.trainEpoch();
      const gradients = network.parameters.toHost(
        await device.readFloats(trainer.buffers.runs[0].gradients),
      );
      for (const { name: tensor, offset, count } of network.parameters.tensors) {
        const norm = Math.sqrt(
          gradients.subarray(offset, offset + count).reduce((sum, g) => sum + g * g, 0),
        );
        const expected = fixture.gradient_norms[tensor];
        // A bias before a normalisation has no effect: its gradient is zero but for rounding.
        const allowed = Math.max(tolerance * expected, 1e-6);
        assert(Math.abs(norm - expected) <= allowed, `${tensor}: ${norm}, not ${expected}`);
      }
      const [{ logits }] = await trainer.evaluate([items]);
      fixture.logits_after_one_batch.forEach((expected, i) =>
        assert(Math.abs(logits[i] - expected) < 1e-4, `${logits[i]}, not ${expected}`)
      );
      trainer.destroy();
    });
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
    const bytes = 24 * 2 ** 20;
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
