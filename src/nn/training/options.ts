/** Options of a training, the progress that it reports, and the state that a checkpoint holds. */
import { isClassLoss, type LossName } from "../../../kernels/loss.ts";
import type { Storage } from "../../gpu/program.ts";
import type { Dataset } from "../dataset.ts";
import type { AugmentationName } from "../names.ts";
import type { Network } from "../network.ts";
import type { OptimizerOptions } from "../optimizer.ts";
import { checkObjective, type ReconstructionObjective } from "../reconstruction.ts";
import type { Sampler } from "../sampler.ts";
import type { Schedule, ScheduleState } from "../schedule.ts";
import type { NetworkState } from "../state_dict.ts";
import type { TransformEntry } from "../transforms/mod.ts";

/** The training of one network: its items, seed and weights. Several run side by side. */
export interface TrainingRun {
  /** Such as `fold 0` or `network 12`; errors name it. */
  label: string;
  network: Network;
  /** Items of the data set, in the order that `sequential` keeps. */
  items: Uint32Array;
  /** Of initial weights, order of samples, dropout and augmentation. */
  seed: number;
  /** Initial weights; random by the seed when absent. */
  initial?: NetworkState;
  /** Names of parameters that are not trained. */
  frozen?: ReadonlySet<string>;
  /** One weight a class; all 1 when absent. */
  classWeights?: readonly number[];
}

export interface TrainerOptions {
  data: Dataset;
  /**
   * `[items]` class of every item of `data`, or `[items][outputs]` values; absent where networks reconstruct
   * their input.
   */
  targets?: Uint32Array | Float32Array;
  /** Networks that are trained side by side, all with equally many items. */
  runs: readonly TrainingRun[];
  /** By targets, or by the input itself. */
  loss: LossName | ReconstructionObjective;
  /** Of `cross_entropy`: the share of every target that all classes get alike; none when absent. */
  labelSmoothing?: number;
  /** Exponent of `focal`; 2 when absent. */
  focalGamma?: number;
  batchSize: number;
  optimizer: OptimizerOptions;
  schedule?: Schedule;
  sampler?: Sampler;
  augmentation?: readonly AugmentationName[];
  /** Transforms of each batch, in this order, before `augmentation`. Items then have one stored channel. */
  transforms?: {
    entries: readonly TransformEntry[];
    /** Distances of neighbours along the axes of the items, mm. */
    spacing: readonly number[];
  };
  /** Batches whose gradients are averaged before an update. */
  accumulationSteps?: number;
  /** Of activations and their gradients: `f16` halves them, on devices that have it. */
  storage?: Storage;
  /** State of an earlier training with the same options, which this one continues. */
  resume?: TrainerState;
  /** Bytes of the data set that may stay on the device; more is streamed. */
  residentBytes?: number;
  /** Called with the number of kernels that are compiled, and of all. */
  onCompile?: (done: number, all: number) => void;
}

/** Reported after each batch. */
export interface EpochProgress {
  epoch: number;
  /** Trained batches of this epoch, and all of them. */
  batch: number;
  batches: number;
  /** The last losses that were read back, one a run; read every two seconds. */
  losses?: number[];
  imagesPerSecond: number;
}

/** Losses of an epoch, or of its batches so far. */
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
  /** The next epoch, or the one that was interrupted. */
  epoch: number;
  /** Trained batches of that epoch. */
  batch: number;
  /** Trained batches of all epochs. */
  step: number;
  /** Updates of the optimizer in all epochs. */
  updates: number;
  /** Losses are of the batches of that epoch; batches are counts by batch normalisation. */
  runs: { schedule: ScheduleState; losses: number[]; batches: [string, number][] }[];
}

/** All that a resumed training needs for the same bits. */
export interface TrainerState {
  counters: TrainerCounters;
  /** Flat buffers by run and name, such as `0.parameters`, `0.moment1`. */
  tensors: Map<string, Float32Array<ArrayBuffer>>;
}

/** @throws {RangeError} options that contradict each other */
export function checkOptions(options: TrainerOptions): void {
  const { runs, batchSize, data, accumulationSteps = 1 } = options;
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
  if (options.transforms && data.shape[0] !== 1) {
    fail(`Transforms take items of one channel, the data have ${data.shape[0]}`);
  }
  for (const { label, network, items } of runs) {
    if (items.length === 0) fail(`${label} has no items to train on`);
    if (items.length !== runs[0].items.length) {
      fail(`Networks side by side need equally many items: ${label} has ${items.length}`);
    }
    const [channels, ...sides] = data.shape;
    const [networkChannels, ...networkSides] = network.input;
    if (
      sides.join() !== networkSides.join() || (channels !== networkChannels && channels !== 1)
    ) {
      fail(
        `${label} takes ${network.input.join("x")} images, the data are ${data.shape.join("x")}`,
      );
    }
    if (items.some((item) => item >= data.count)) fail(`${label} names items beyond the data set`);
  }
  if (options.storage === "f16" && typeof options.loss !== "string") {
    fail("Networks that reconstruct their input store activations as float32");
  }
  if (typeof options.loss === "string") checkTargets(options, options.loss);
  else checkReconstruction(options, options.loss);
}

/** @throws {RangeError} targets or weights that don't fit the loss */
function checkTargets({ targets, runs, data }: TrainerOptions, loss: LossName): void {
  const fail = (message: string) => {
    throw new RangeError(message);
  };
  const classification = isClassLoss(loss);
  if (!targets || classification !== targets instanceof Uint32Array) {
    throw new RangeError(
      `The loss ${loss} takes ${classification ? "classes (u32)" : "values (f32)"}`,
    );
  }
  for (const { label, network, items, classWeights } of runs) {
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

/** @throws {RangeError} a network that doesn't reconstruct, or what needs classes */
function checkReconstruction(
  { targets, runs, sampler }: TrainerOptions,
  objective: ReconstructionObjective,
): void {
  if (targets) throw new RangeError("Networks that reconstruct their input take no targets");
  if (sampler === "weighted") throw new RangeError("The weighted sampler needs classes");
  for (const { label, network, classWeights } of runs) {
    checkObjective(objective, network);
    if (classWeights) throw new RangeError(`${label} has class weights, and no classes`);
  }
}
