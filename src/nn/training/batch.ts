/** The inputs of a step that change from batch to batch: samples, counters, rate, augmentation. */
import type { Device } from "../../gpu/device.ts";
import { Random } from "../../random.ts";
import { drawBatchAugmentation } from "../augmentation.ts";
import type { TrainingBuffers } from "./buffers.ts";
import type { TrainerCounters, TrainerOptions, TrainingRun } from "./options.ts";
import { updateScalars } from "../optimizer.ts";
import { drawSampleOrder } from "../sampler.ts";
import { gradientScale } from "./storage.ts";
import { scheduleFactor } from "../schedule.ts";

/** Draws the order of a run's items in an epoch. */
export function drawEpochOrder(
  { sampler = "random", targets }: TrainerOptions,
  { items, seed }: TrainingRun,
  epoch: number,
): Uint32Array<ArrayBuffer> {
  const classes = targets && Uint32Array.from(items, (item) => targets[item]);
  const order = drawSampleOrder(sampler, items.length, seed, epoch, classes);
  return order.map((sample) => items[sample]);
}

/** Computes the learning rate of a run in the current epoch. */
function computeLearningRate(
  { optimizer, schedule = { kind: "constant" } }: TrainerOptions,
  { epoch, runs }: TrainerCounters,
  run: number,
): number {
  return optimizer.learningRate * scheduleFactor(schedule, runs[run].schedule, epoch);
}

/**
 * Uploads the inputs of a run's next step, the batch's items apart.
 *
 * @param first position of the batch's first sample in the epoch
 * @param size samples of the batch
 * @param share of the batch in the gradient of its update: 1 / batches of the update
 */
export function uploadBatch(
  device: Device,
  options: TrainerOptions,
  { runs, transforms }: TrainingBuffers,
  counters: TrainerCounters,
  { run, first, size, share }: { run: number; first: number; size: number; share: number },
): void {
  const { epoch, step, batch, updates } = counters;
  const { seed, network } = options.runs[run];
  const buffers = runs[run];
  const scale = gradientScale(options.storage);
  buffers.step.set({ step, seed, first, slot: batch, share: share * scale });
  const rate = computeLearningRate(options, counters, run);
  buffers.update.set(updateScalars(options.optimizer, updates + 1, rate));
  if (buffers.latentNoise) {
    const dimensions = buffers.latentNoise.bytes / 4 / options.batchSize;
    const noise = drawLatentNoise(dimensions, { seed, epoch, first, size });
    device.write(buffers.latentNoise, noise);
  }
  if (transforms && buffers.transformRecords) {
    transforms.upload(device, buffers.transformRecords, { seed, epoch, first, size });
  }
  if (!buffers.augmentations || !buffers.deviations) return;
  const drawn = drawBatchAugmentation(options.augmentation ?? [], network.inputShape(1), {
    seed,
    epoch,
    first,
    size,
  });
  device.write(buffers.augmentations, drawn.records);
  device.write(buffers.deviations, drawn.deviations);
}

/**
 * Draws the noise by which latent distributions are sampled, `[size][dimensions]` of N(0, 1): a function of
 * (seed, epoch, place of the sample in the epoch).
 */
export function drawLatentNoise(
  dimensions: number,
  { seed, epoch, first, size }: { seed: number; epoch: number; first: number; size: number },
): Float32Array<ArrayBuffer> {
  const noise = new Float32Array(size * dimensions);
  for (let n = 0; n < size; n++) {
    const random = new Random(seed, `latent noise ${first + n}`, epoch);
    for (let d = 0; d < dimensions; d++) noise[n * dimensions + d] = random.normal();
  }
  return noise;
}
