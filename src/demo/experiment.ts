/**
 * The demo's experiment: Conv5_FC3 learns to tell patients from healthy people by generated slices.
 * It runs in a browser and in Deno, with the same values on the same adapter class.
 */
import type { Device } from "../gpu/device.ts";
import { createNetwork } from "../nn/networks/mod.ts";
import { Trainer } from "../nn/training/trainer.ts";
import { CLASSES, generateSlices, type LabelledSlices, SEED } from "./slices.ts";

const ARCHITECTURE = "Conv5_FC3";
const BATCH_SIZE = 16;
const LEARNING_RATE = 1e-3;

/** Enough for the curve to become flat. */
export const EPOCHS = 20;

/**
 * Milliseconds that batches may take until their losses are read, which waits for the device: a slow
 * device shows every batch, a fast one is not slowed down.
 */
const READ_INTERVAL_MS = 50;

/** Losses of consecutive batches, and how long they took. */
export interface TrainedBatches {
  losses: number[];
  images: number;
  milliseconds: number;
}

/** A network in training, its slices and its device. Free it with {@link Experiment.destroy}. */
export class Experiment {
  /** Batches that fit {@link READ_INTERVAL_MS}, by the last read. */
  #batchesPerRead = 1;

  private constructor(readonly slices: LabelledSlices, readonly trainer: Trainer) {}

  /**
   * Renders the slices, which takes some seconds, and compiles the kernels.
   *
   * @throws {DeviceError} too little memory, or a kernel that the device refuses
   */
  static async create(device: Device): Promise<Experiment> {
    const slices = generateSlices(SEED);
    const trainer = await Trainer.create(device, {
      data: slices,
      targets: slices.targets,
      runs: [{
        label: ARCHITECTURE,
        network: createNetwork(ARCHITECTURE, slices.shape, CLASSES.length),
        items: slices.training,
        seed: SEED,
      }],
      loss: "cross_entropy",
      batchSize: BATCH_SIZE,
      optimizer: { name: "Adam", learningRate: LEARNING_RATE },
    });
    return new Experiment(slices, trainer);
  }

  /** Completed epochs, of {@link EPOCHS}. */
  get epoch(): number {
    return this.trainer.epoch;
  }

  /** Whether the last batch that was trained ended an epoch. */
  get isBetweenEpochs(): boolean {
    return this.trainer.batch === 0;
  }

  /**
   * Trains the next few batches.
   *
   * @throws {DeviceError} a loss that is not finite, or a device that failed
   */
  async trainBatches(): Promise<TrainedBatches> {
    const { trainer, slices } = this;
    const first = trainer.batch;
    const until = Math.min(first + this.#batchesPerRead, trainer.batches);
    const began = performance.now();
    const { losses } = await trainer.trainEpoch({ until });
    const milliseconds = performance.now() - began;
    if (milliseconds < READ_INTERVAL_MS) this.#batchesPerRead *= 2;
    return {
      losses: [...losses[0].subarray(first)],
      images: Math.min(until * BATCH_SIZE, slices.training.length) - first * BATCH_SIZE,
      milliseconds,
    };
  }

  /** Share of the held-out slices whose class the network finds. */
  async measureAccuracy(): Promise<number> {
    const { heldOut, targets } = this.slices;
    const [{ logits }] = await this.trainer.evaluate([heldOut]);
    const right = heldOut.filter((item, row) => {
      const [healthy, patient] = logits.subarray(row * CLASSES.length);
      return (patient > healthy) === (targets[item] === 1);
    });
    return right.length / heldOut.length;
  }

  /** Frees what it holds on the device. */
  destroy(): void {
    this.trainer.destroy();
  }
}
