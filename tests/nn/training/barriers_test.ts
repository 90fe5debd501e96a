/**
 * A barrier that is missing from a kernel in the text that networks side by side run, with float16 in its buffers
 * where they are stored so, changes what is trained: the rewritten text keeps each barrier and needs it. Runs
 * with GYRUS_TEST_FULL=1 only; `tests/kernels/barriers_test.ts` does so with the kernels as they are written.
 */
import { assert, assertEquals, AssertionError, equal } from "@std/assert";
import type { Device } from "../../../src/gpu/device.ts";
import { BRANCHES } from "../../../src/gpu/wgsl/branch_parts.ts";
import type { InputShape, Network } from "../../../src/nn/network.ts";
import { createAutoencoder } from "../../../src/nn/networks/autoencoders.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import { Trainer, type TrainerOptions } from "../../../src/nn/training/trainer.ts";
import { asClass } from "../../gpu/adapters.ts";
import { uniform } from "../fixture.ts";
import { excitedNetwork } from "./excited_network.ts";
import { withDevice } from "./fixture_training.ts";

const BARRIER = /workgroupBarrier\(\);/;
const BARRIERS = new RegExp(BARRIER, "g");

/** Two networks side by side, of different weights, that train on one batch of `count` items. */
function twoOf(network: Network, count: number, change: Partial<TrainerOptions>): TrainerOptions {
  const [, ...sides] = network.input;
  const floats = sides.reduce((product, side) => product * side);
  const values = Float32Array.from(uniform(3, count * floats));
  const items = Uint32Array.from({ length: count }, (_, i) => i);
  return {
    data: {
      shape: [1, ...sides] as unknown as InputShape,
      count,
      normalisation: "none",
      read: (item) => values.subarray(item * floats, (item + 1) * floats),
    },
    targets: items.map((item) => item % 2),
    runs: [3, 4].map((seed) => ({ label: `${seed}`, network, items, seed })),
    loss: "cross_entropy",
    batchSize: count,
    optimizer: { name: "Adam", learningRate: 1e-3 },
    ...change,
  };
}

interface Training {
  title: string;
  options: () => TrainerOptions;
  /** Kernels whose barriers are removed. */
  kernels: RegExp;
}

/**
 * Rows of a batch, so that the sum over them meets lanes of each half of a workgroup of 64. Sums over pixels and
 * over latent dimensions have as many parts.
 */
const ROWS = 40;

const trainings: readonly Training[] = [
  {
    title: "Conv4_FC3, as float16",
    options: () =>
      twoOf(createNetwork("Conv4_FC3", [1, 18, 21], 2, { dropout: 0 }), ROWS, {
        storage: "f16",
        optimizer: { name: "Adam", learningRate: 1e-3, clipNorm: 0.1 },
      }),
    kernels:
      /^(batch_norm|conv\/(implicit_gemm|sum_partials|bias_gradient.sum_slices)|loss|optimizer)/,
  },
  {
    // As many pixels as make more than 32 parts of the sum.
    title: "Conv4_FC3 of larger images, as float16",
    options: () =>
      twoOf(createNetwork("Conv4_FC3", [1, 46, 46], 2, { dropout: 0 }), ROWS, { storage: "f16" }),
    kernels: /^conv\/bias_gradient.sum_partials/,
  },
  {
    title: "a squeeze-and-excitation stage, as float16",
    options: () => twoOf(excitedNetwork([1, 17, 18, 19]), 3, { storage: "f16" }),
    kernels: /^channel_sums/,
  },
  {
    title: "a variational autoencoder",
    options: () =>
      twoOf(
        createAutoencoder("Vanilla3DdenseVAE", [1, 16, 24, 24], {
          latentSpaceSize: 160,
          featureSize: 32,
          convolutions: 2,
          ioLayerChannels: 4,
        }),
        ROWS,
        { loss: { name: "gaussian" }, targets: undefined },
      ),
    kernels: /^autoencoder/,
  },
];

/** Losses and state after an epoch. */
async function train(device: Device, options: TrainerOptions) {
  const trainer = await Trainer.create(device, options);
  try {
    const { losses } = await trainer.trainEpoch();
    return { losses, tensors: [...(await trainer.readState()).tensors] };
  } finally {
    trainer.destroy();
  }
}

for (const { title, options, kernels } of trainings) {
  Deno.test({
    name: `two networks side by side need each barrier of their kernels: ${title}`,
    ignore: Deno.env.get("GYRUS_TEST_FULL") !== "1",
    async fn(t) {
      await withDevice(async (opened) => {
        const device = asClass(opened, "integrated");
        const make = device.pipeline.bind(device);
        // Texts of each kernel, those with float16 first.
        const texts = new Map<string, Set<string>>();
        let without: { code: string; barrier: number } | undefined;
        device.pipeline = (kernel, code, entry) => {
          if (kernels.test(kernel) && BARRIER.test(code)) {
            assert(code.includes(`> ${BRANCHES}: `), `${kernel} runs for each network alone`);
            const known = texts.get(kernel) ?? [];
            const half = code.includes("f16");
            if (!without) texts.set(kernel, new Set(half ? [code, ...known] : [...known, code]));
          }
          if (code !== without?.code) return make(kernel, code, entry);
          let at = 0;
          const { barrier } = without;
          return make(
            kernel,
            code.replace(BARRIERS, (text) => at++ === barrier ? "" : text),
            entry,
          );
        };
        const expected = await train(device, options());
        assertEquals(await train(device, options()), expected);
        assert(texts.size > 0);
        for (const [kernel, codes] of texts) {
          const [{ length: count }] = [...codes].map((code) => code.match(BARRIERS)!);
          for (let barrier = 0; barrier < count; barrier++) {
            await t.step(`barrier ${barrier + 1} of ${count} of ${kernel}`, async () => {
              // Where a sum has one part, nothing depends on its barriers.
              for (const code of codes) {
                without = { code, barrier };
                if (!equal(await train(device, options()), expected)) return;
              }
              throw new AssertionError(`${kernel} does not need the barrier`);
            });
          }
        }
      });
    },
  });
}
