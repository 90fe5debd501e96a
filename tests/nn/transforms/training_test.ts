import { assert, assertEquals } from "@std/assert";
import type { Device } from "../../../src/gpu/device.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import { Trainer, type TrainerOptions } from "../../../src/nn/training/trainer.ts";
import { applyTransforms } from "../../../src/nn/transforms/apply.ts";
import { itemGeometry, type TransformEntry, Transforms } from "../../../src/nn/transforms/mod.ts";
import { assertClose } from "../../kernels/on_device.ts";
import { uniform } from "../fixture.ts";
import { withDevice } from "../training/fixture_training.ts";
import { everyTransform } from "./every_transform.ts";

const extents = [16, 17, 18] as const;
const floats = extents[0] * extents[1] * extents[2];
const count = 10;
const values = Float32Array.from(uniform(5, count * floats));

function task(): TrainerOptions {
  const network = createNetwork("Conv4_FC3", [1, ...extents], 2);
  const items = Uint32Array.from({ length: count }, (_, i) => i);
  return {
    data: {
      shape: [1, ...extents],
      count,
      normalisation: "element",
      read: (item) => values.subarray(item * floats, (item + 1) * floats),
    },
    targets: Uint32Array.from(items, (i) => i % 2),
    runs: [{ label: "one", network, items, seed: 3 }],
    loss: "cross_entropy",
    batchSize: 4,
    optimizer: { name: "Adam", learningRate: 1e-3 },
    transforms: { entries: everyTransform, spacing: [1, 1, 1] },
    augmentation: ["CropPad", "Erasing"],
  };
}

/** Losses of two epochs, and the weights. */
async function train(device: Device, options: TrainerOptions, until?: number) {
  const trainer = await Trainer.create(device, options);
  const losses: number[] = [];
  while (trainer.epoch < 2) {
    losses.push(...(await trainer.trainEpoch({ until })).losses[0]);
    if (trainer.batch > 0) break;
  }
  const { parameters } = await trainer.readNetworkState(0);
  const state = await trainer.readState();
  trainer.destroy();
  return { result: { losses, parameters }, state };
}

Deno.test("every transform gives the same bits again, streamed, next to another network, and resumed", async () => {
  await withDevice(async (device) => {
    const options = task();
    const { result } = await train(device, options);
    assertEquals((await train(device, { ...options, residentBytes: 1 })).result, result);
    const [run] = options.runs;
    const other = { ...run, label: "other", seed: 9 };
    assertEquals((await train(device, { ...options, runs: [run, other] })).result, result);
    const { state } = await train(device, options, 1);
    const resumed = await train(device, { ...options, resume: state });
    assertEquals(resumed.result.parameters, result.parameters);
    const plain = await train(device, { ...options, transforms: undefined });
    assert(plain.result.losses[0] !== result.losses[0]);
  });
});

Deno.test("a flip before an affine map is that flip, and then that map", async () => {
  await withDevice(async (device) => {
    const geometry = itemGeometry(extents, [1, 1, 1]);
    const items = values.slice(0, 4 * floats);
    const apply = (entries: readonly TransformEntry[], to: Float32Array<ArrayBuffer>) =>
      applyTransforms(device, entries, geometry, to, { seed: 1, epoch: 0 });
    const flip: TransformEntry = { flip: { axes: [0, 2], flip_probability: 1, p: 1 } };
    for (const p of [0, 1]) {
      const affine: TransformEntry = {
        affine: {
          scales: [1.1, 1.1],
          degrees: [7, 7],
          translation: [2, 2],
          isotropic: false,
          default_pad_value: "minimum",
          p,
        },
      };
      const flipped = Float32Array.from(await apply([flip], items));
      assertClose(await apply([flip, affine], items), await apply([affine], flipped), 1e-5);
    }
  });
});

Deno.test("draws depend on seed, epoch and position alone, whatever the batch", () => {
  const geometry = itemGeometry(extents, [1, 1, 1]);
  const noise = [{ noise: { mean: 0, std: 0.1, p: 0.5 } }];
  const draw = (first: number, size: number, epoch = 0, seed = 1) =>
    new Transforms(noise, geometry, 8).draw({ seed, epoch, first, size });
  const all = draw(0, 8);
  assertEquals(draw(4, 2).slice(0, 8), all.slice(16, 24));
  assert(draw(0, 8, 1).some((value, i) => value !== all[i]));
  assert(draw(0, 8, 0, 2).some((value, i) => value !== all[i]));
  const changed = Array.from({ length: 8 }, (_, n) => all[4 * n + 1] > 0);
  assert(changed.includes(true) && changed.includes(false));
});
