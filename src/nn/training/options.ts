/** What training is told: networks, data, loss and optimizer; what it tells; what a checkpoint holds. */
import { isClassLoss, type LossName } from "../../../kernels/loss.ts";
import type { AugmentationName } from "../augmentation.ts";
import type { Dataset, Normalisation } from "../data.ts";
import type { Network } from "../network.ts";
import type { OptimizerOptions } from "../optimizer.ts";
import type { Sampler } from "../sampler.ts";
import type { Schedule, ScheduleState } from "../schedule.ts";
import type { NetworkState } from "../state_dict.ts";

/** One network and what it learns from. */
export interface Run {
  /** Such as `fold 0` or `network 12`; errors name it. */
  label: string;
  network: Network;
  /** Items of the data set, in the order that `sequential` keeps. */
  items: Uint32Array;
  /** Of initial weights, order of samples, dropout and augmentation. */
  seed: number;
  /** Weights to begin with; random ones by the seed when absent. */
  initial?: NetworkState;
  /** Parameters that stay as they are. */
  frozen?: ReadonlySet<string>;
  /** One weight a class; all 1 when absent. */
  classWeights?: readonly number[];
}

export interface TrainerOptions {
  data: Dataset;
  /** Class of every item of `data`, or `outputs` values an item. */
  targets: Uint32Array | Float32Array;
  normalisation: Normalisation;
  /** Networks trained side by side; all with equally many items. */
  runs: readonly Run[];
  loss: LossName;
  batchSize: number;
  optimizer: OptimizerOptions;
  schedule?: Schedule;
  sampler?: Sampler;
  augmentation?: readonly AugmentationName[];
  /** Batches whose gradients are averaged before an update. */
  accumulationSteps?: number;
  resume?: TrainerState;
  /** Bytes of the data set that may stay on the device; more is streamed. */
  residentBytes?: number;
  onCompile?: (done: number, all: number) => void;
}

export interface EpochProgress {
  epoch: number;
  /** Batches done of this epoch, and all of them. */
  batch: number;
  batches: number;
  /** Newest loss read back, one a run; read every two seconds. */
  losses?: number[];
  imagesPerSecond: number;
}

export interface EpochResult {
  epoch: number;
  /** Loss of every batch of the epoch so far, one array a run. */
  losses: Float32Array[];
  /** Mean over the samples of the epoch. */
  meanLosses: number[];
  imagesPerSecond: number;
}

/** Counters of a checkpoint; plain JSON. */
export interface TrainerCounters {
  /** Epoch that comes next, or that was interrupted. */
  epoch: number;
  /** Batches of that epoch already trained. */
  batch: number;
  /** Batches trained since the beginning. */
  step: number;
  /** Updates of the optimizer since the beginning. */
  updates: number;
  runs: { schedule: ScheduleState; losses: number[]; batches: [string, number][] }[];
}

/** All that training needs to go on with the same bits. */
export interface TrainerState {
  counters: TrainerCounters;
  /** Flat buffers by name, such as `0.parameters`, `0.moment1`. */
  tensors: Map<string, Float32Array<ArrayBuffer>>;
}

/** @throws {RangeError} options that contradict each other */
export function checkOptions(options: TrainerOptions): void {
  const { runs, batchSize, targets, data, accumulationSteps = 1 } = options;
  const fail = (message: string) => {
    throw new RangeError(message);
  };
  if (runs.length === 0) fail("There is no network to train");
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    fail(`batch_size ${batchSize} is not possible`);
  }
  if (!Number.isInteger(accumulationSteps) || accumulationSteps < 1) {
    fail(`accumulation_steps ${accumulationSteps} is not possible`);
  }
  const classification = isClassLoss(options.loss);
  if (classification !== targets instanceof Uint32Array) {
    fail(`The loss ${options.loss} takes ${classification ? "classes (u32)" : "values (f32)"}`);
  }
  for (const { label, network, items, classWeights } of runs) {
    if (items.length === 0) fail(`${label} has no items to train on`);
    if (items.length !== runs[0].items.length) {
      fail(`Networks side by side need equally many items: ${label} has ${items.length}`);
    }
    const [channels, height, width] = data.shape;
    const [wanted, ...sides] = network.input;
    if (height !== sides[0] || width !== sides[1] || (channels !== wanted && channels !== 1)) {
      fail(
        `${label} takes ${network.input.join("x")} images, the data are ${data.shape.join("x")}`,
      );
    }
    if (items.some((item) => item >= data.count)) fail(`${label} names items beyond the data set`);
    const perItem = classification ? 1 : network.outputs;
    if (targets.length !== data.count * perItem) {
      fail(`There are ${targets.length} targets for ${data.count} items`);
    }
    if (classification && items.some((item) => targets[item] >= network.outputs)) {
      fail(`${label} has classes beyond its ${network.outputs} outputs`);
    }
    if (classWeights && classWeights.length !== network.outputs) {
      fail(`${label} has ${classWeights.length} class weights for ${network.outputs} outputs`);
    }
  }
}
