/** Trains networks as the PyTorch fixtures did, and compares with them. */
import { assert } from "@std/assert";
import { type Device, openDevice } from "../../../src/gpu/device.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import type { OptimizerOptions } from "../../../src/nn/optimizer.ts";
import { Trainer } from "../../../src/nn/training/trainer.ts";
import { fixtureData, fixtureWeights, type TrainingFixture } from "../fixture.ts";

/** A network and what PyTorch computed for it. */
export interface Problem {
  architecture: string;
  fixture: TrainingFixture;
  options?: Parameters<typeof createNetwork>[3];
}

/** The optimizers of make_fixtures.py. */
export const optimizers: Record<string, OptimizerOptions> = {
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

let opened: Device | undefined;

/** Calls `work` with a device, which is another only after a failure: it keeps the kernels that it has compiled. */
export async function withDevice(work: (device: Device) => Promise<void>): Promise<void> {
  if (!opened?.healthy) opened = await openDevice();
  await work(opened);
}

async function openTrainer(
  device: Device,
  { architecture, fixture, options }: Problem,
  optimizer: OptimizerOptions,
  steps: number,
) {
  const network = createNetwork(architecture, fixture.input, 2, { ...options, dropout: 0 });
  const { data, labels, items } = fixtureData(fixture, steps);
  const trainer = await Trainer.create(device, {
    data,
    targets: labels,
    runs: [{ label: architecture, network, items, seed: 0, initial: fixtureWeights(network) }],
    loss: "cross_entropy",
    batchSize: fixture.batch_size,
    sampler: "sequential",
    optimizer,
  });
  return { trainer, network, items };
}

/** Trains as the fixture did; returns losses and the final logits of the first batch. */
export async function trainFixture(
  device: Device,
  problem: Problem,
  optimizer: string,
  steps: number,
) {
  const { trainer, items } = await openTrainer(device, problem, optimizers[optimizer], steps);
  try {
    const { losses } = await trainer.trainEpoch();
    const first = items.subarray(0, problem.fixture.batch_size);
    const [{ logits }] = await trainer.evaluate([first]);
    return { losses: losses[0], logits };
  } finally {
    trainer.destroy();
  }
}

/** 1e-4 relative, or three times PyTorch's own deviation where that is larger. */
export function assertLosses(
  { architecture, fixture }: Problem,
  optimizer: string,
  losses: Float32Array,
): void {
  const { losses_float32, losses_float64 } = fixture.training[optimizer];
  losses_float64.forEach((expected, step) => {
    const own = Math.abs(losses_float32[step] / expected - 1);
    const ours = Math.abs(losses[step] / expected - 1);
    assert(
      ours <= Math.max(1e-4, 3 * own),
      `${architecture}, ${optimizer}, step ${step}: ${losses[step]} instead of ${expected}`,
    );
  });
}

/** 1e-4 absolute, or three times PyTorch's own deviation where that is larger. */
export function assertLogits(
  { architecture, fixture }: Problem,
  optimizer: string,
  logits: Float32Array,
): void {
  const { logits_float32, logits_float64 } = fixture.training[optimizer];
  const own = Math.max(...logits_float64.map((v, i) => Math.abs(v - logits_float32[i])));
  logits_float64.forEach((expected, i) => {
    assert(
      Math.abs(logits[i] - expected) <= Math.max(1e-4, 3 * own),
      `${architecture}, ${optimizer}, logit ${i}: ${logits[i]} instead of ${expected}`,
    );
  });
}

/**
 * Compares the gradients' norms in the first step, and the logits after it in evaluation mode.
 *
 * @param tolerance of a norm, relative
 */
export async function assertGradients(
  device: Device,
  problem: Problem,
  tolerance: number,
): Promise<void> {
  const { architecture, fixture } = problem;
  const still: OptimizerOptions = { name: "SGD", learningRate: 0 };
  const { trainer, network, items } = await openTrainer(device, problem, still, 1);
  try {
    await trainer.trainEpoch();
    const gradients = network.parameters.toHost(
      await device.readFloats(trainer.buffers.runs[0].gradients),
    );
    for (const { name, offset, count } of network.parameters.tensors) {
      const norm = Math.sqrt(
        gradients.subarray(offset, offset + count).reduce((sum, g) => sum + g * g, 0),
      );
      const expected = fixture.gradient_norms[name];
      // A bias before a normalisation has no effect: its gradient is zero but for rounding.
      const allowed = Math.max(tolerance * expected, 1e-6);
      assert(
        Math.abs(norm - expected) <= allowed,
        `${architecture}, ${name}: ${norm}, not ${expected}`,
      );
    }
    const [{ logits }] = await trainer.evaluate([items]);
    fixture.logits_after_one_batch.forEach((expected, i) =>
      assert(Math.abs(logits[i] - expected) < 1e-4, `${logits[i]}, not ${expected}`)
    );
  } finally {
    trainer.destroy();
  }
}
