/** What changes on the device from batch to batch: samples, step, learning rate, augmentation. */
import type { Device } from "../../gpu/device.ts";
import { drawBatchAugmentation } from "../augmentation.ts";
import type { TrainingBuffers } from "./buffers.ts";
import type { Run, TrainerCounters, TrainerOptions } from "./options.ts";
import { updateScalars } from "../optimizer.ts";
import { sampleOrder } from "../sampler.ts";
import { scheduleFactor } from "../schedule.ts";

/** Items of a run in the order of the present epoch. */
export function epochOrder(
  { sampler = "random", targets }: TrainerOptions,
  { items, seed }: Run,
  epoch: number,
): Uint32Array<ArrayBuffer> {
  const classes = Uint32Array.from(items, (item) => targets[item]);
  const places = sampleOrder(sampler, items.length, seed, epoch, classes);
  return places.map((place) => items[place]);
}

/** Learning rate of a run in the present epoch. */
export function presentRate(
  { optimizer, schedule = { kind: "constant" } }: TrainerOptions,
  { epoch, runs }: TrainerCounters,
  run: number,
): number {
  return optimizer.learningRate * scheduleFactor(schedule, runs[run].schedule, epoch);
}

/**
 * Uploads what the next step of a run needs.
 *
 * @param first place of the batch's first sample in the epoch
 * @param share of the batch in the gradient of its update
 */
export async function uploadBatch(
  device: Device,
  options: TrainerOptions,
  { data, runs }: TrainingBuffers,
  counters: TrainerCounters,
  { run, items, first, share }: { run: number; items: Uint32Array; first: number; share: number },
): Promise<void> {
  const { epoch, step, batch, updates } = counters;
  const { seed, network: { input: [, height, width] } } = options.runs[run];
  const buffers = runs[run];
  await data.prepare(run, items);
  buffers.step.set({ step, seed, first, slot: batch, share });
  const rate = presentRate(options, counters, run);
  buffers.update.set(updateScalars(options.optimizer, updates + 1, rate));
  if (!buffers.augmentations || !buffers.deviations) return;
  const drawn = drawBatchAugmentation(options.augmentation ?? [], height, width, {
    seed,
    epoch,
    first,
    size: items.length,
  });
  device.write(buffers.augmentations, drawn.records);
  device.write(buffers.deviations, drawn.deviations);
}
