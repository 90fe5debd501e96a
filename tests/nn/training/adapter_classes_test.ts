/**
 * A training by the kernels of GPUs gives what the kernels of software adapters give, up to rounding: one
 * network a class, or several with GYRUS_TEST_FULL=1.
 */
import { assert, assertEquals } from "@std/assert";
import { type Device, openDevice } from "../../../src/gpu/device.ts";
import { AUGMENTATIONS, type NetworkName, NETWORKS } from "../../../src/nn/names.ts";
import { createNetwork, takesImages } from "../../../src/nn/networks/mod.ts";
import { Trainer } from "../../../src/nn/training/trainer.ts";
import { asClass } from "../../gpu/adapters.ts";
import { uniform } from "../fixture.ts";

const [count, height, width] = [6, 37, 45];
const pixels = Float32Array.from(uniform(1, count * height * width));
const items = Uint32Array.from({ length: count }, (_, i) => i);

/** Losses of an epoch, weights and logits after it. */
async function train(device: Device, name: NetworkName) {
  const isConvFc = name.includes("FC3");
  const network = createNetwork(
    name,
    [isConvFc ? 1 : 3, height, width],
    2,
    isConvFc ? { dropout: 0.3 } : {},
  );
  const plane = height * width;
  const trainer = await Trainer.create(device, {
    data: {
      shape: [1, height, width],
      count,
      normalisation: "element",
      read: (item) => pixels.subarray(item * plane, (item + 1) * plane),
    },
    targets: items.map((item) => item % 2),
    runs: [{ label: name, network, items, seed: 3 }],
    loss: "cross_entropy",
    batchSize: 4,
    optimizer: { name: "SGD", learningRate: 1e-3, momentum: 0.9, clipNorm: 5 },
    augmentation: AUGMENTATIONS,
  });
  try {
    const { losses: [losses] } = await trainer.trainEpoch();
    const { parameters, statistics } = await trainer.readNetworkState(0);
    const [{ logits }] = await trainer.evaluate([items]);
    return { losses, parameters, statistics, logits };
  } finally {
    trainer.destroy();
  }
}

/** Norm of the difference, relative to that of the expected values. */
function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  assertEquals(actual.length, expected.length);
  let [squares, all] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    squares += (actual[i] - expected[i]) ** 2;
    all += expected[i] ** 2;
  }
  return Math.sqrt(squares / all);
}

/** Rounding that moves an input of a ReLU to the other side of zero shows in a deep network. */
const toleranceOf = (name: NetworkName) => name.startsWith("resnet") ? 5e-3 : 1e-5;

// ResNet-34 has the kernels of ResNet-18; networks of volumes have a test of their own.
const names: readonly NetworkName[] = Deno.env.get("GYRUS_TEST_FULL") === "1"
  ? NETWORKS.filter((name) => name !== "resnet34" && takesImages(name))
  : ["Conv5_FC3"];

for (const adapterClass of ["discrete", "integrated"] as const) {
  for (const name of names) {
    Deno.test(`${name} trains by the kernels of ${adapterClass} adapters as by those of software ones`, async () => {
      const opened = await openDevice();
      try {
        const expected = await train(asClass(opened, "software"), name);
        const found = await train(asClass(opened, adapterClass), name);
        for (const part of ["losses", "parameters", "statistics", "logits"] as const) {
          const error = distance(found[part], expected[part]);
          assert(error < toleranceOf(name), `${part} differ by ${error}`);
        }
      } finally {
        opened.destroy();
      }
    });
  }
}
