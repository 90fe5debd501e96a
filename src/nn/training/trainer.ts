/**
 * Training: one static program a step for one or several networks side by side.
 *
 * ```ts ignore
 * const trainer = await Trainer.create(device, {
 *   data: { shape: [1, 64, 64], count: 800, read: (item) => slices[item] },
 *   targets: Uint32Array.from(labels),           // class (or Float32Array of values) of every item
 *   normalisation: "element",
 *   runs: [{ label: "fold 0", network: createNetwork("resnet18", [3, 64, 64], 2),
 *            items: trainItems, seed: 0 }],      // several runs of equal length train side by side
 *   loss: "cross_entropy", batchSize: 8, sampler: "random",
 *   optimizer: { name: "Adam", learningRate: 1e-4, weightDecay: 1e-4 },
 * });
 * while (trainer.epoch < epochs) {
 *   const { losses } = await trainer.trainEpoch({ signal, onProgress });
 *   const [{ logits }] = await trainer.evaluate([validationItems]);      // in order
 *   trainer.observe(0, trainer.loss(0, logits, validationItems));        // plateau schedules
 *   const checkpoint = await trainer.state();                            // all that a resume needs
 * }
 * ```
 *
 * The same options give the same bits: alone or side by side, interrupted or not. After an abort
 * `trainEpoch` throws `signal.reason`; `state()` then holds the position inside the epoch and
 * `Trainer.create(device, { ...options, resume: state })` goes on with the next batch.
 */
import { Arena } from "../../gpu/arena.ts";
import type { Device } from "../../gpu/device.ts";
import { Pacer } from "../../gpu/pacer.ts";
import { epochOrder, presentRate, uploadBatch } from "./batch.ts";
import { freeBuffers, openBuffers, type TrainingBuffers } from "./buffers.ts";
import { meanOverSamples, readLosses } from "./losses.ts";
import {
  checkOptions,
  type EpochProgress,
  type EpochResult,
  type Run,
  type TrainerCounters,
  type TrainerOptions,
  type TrainerState,
} from "./options.ts";
import { TrainingPrograms } from "./programs.ts";
import { initialCounters, readTensors, readWeights, restoreTensors } from "./state.ts";
import { meanLoss } from "../loss.ts";
import { evaluationBatch, type Outputs, Predictor } from "../predictor.ts";
import { observeLoss } from "../schedule.ts";
import type { NetworkState } from "../state_dict.ts";

export type { EpochProgress, EpochResult, Run, TrainerCounters, TrainerOptions, TrainerState };

/** Losses are read back this often at most, milliseconds, to see NaN early and to show progress. */
const readInterval = 2000;

export class Trainer {
  readonly #counters: TrainerCounters;
  readonly #arena: Arena;
  readonly #pacer: Pacer;
  readonly #programs: TrainingPrograms;
  #predictor?: Predictor;

  private constructor(
    readonly device: Device,
    readonly options: TrainerOptions,
    readonly buffers: TrainingBuffers,
  ) {
    this.#arena = new Arena(device);
    this.#pacer = new Pacer(device);
    this.#programs = new TrainingPrograms(device, options, buffers, this.#arena);
    this.#counters = structuredClone(options.resume?.counters ?? initialCounters(options.runs));
  }

  /**
   * Uploads data and weights, plans memory and compiles every kernel.
   *
   * @throws {RangeError} options that contradict each other, a checkpoint of something else
   * @throws {DeviceError} too little memory: what is needed and which batch size would fit
   */
  static async create(device: Device, options: TrainerOptions): Promise<Trainer> {
    checkOptions(options);
    const { resume } = options;
    const trainer = new Trainer(device, options, await openBuffers(device, options));
    try {
      if (resume) restoreTensors(device, options, trainer.buffers.runs, resume);
      for (const size of trainer.#batchSizes()) await trainer.#programs.step(size);
      return trainer;
    } catch (error) {
      trainer.destroy();
      throw error;
    }
  }

  /** Epoch that comes next. */
  get epoch(): number {
    return this.#counters.epoch;
  }

  /** Batches of that epoch that are trained already. */
  get batch(): number {
    return this.#counters.batch;
  }

  get #samples(): number {
    return this.options.runs[0].items.length;
  }

  /** Batches of one epoch; the last may be smaller. */
  get batches(): number {
    return Math.ceil(this.#samples / this.options.batchSize);
  }

  /** Of a full batch and of the last. */
  #batchSizes(): Set<number> {
    const { batchSize } = this.options;
    const last = this.#samples - (this.batches - 1) * batchSize;
    return new Set([Math.min(batchSize, this.#samples), last]);
  }

  /** Learning rate of a run in the present epoch. */
  learningRate(run: number): number {
    return presentRate(this.options, this.#counters, run);
  }

  /**
   * Trains what is left of the present epoch, or its batches before `until`: the next call goes on
   * from there.
   *
   * @throws `signal.reason` after an abort, at a batch boundary
   * @throws {DeviceError} a loss that is not finite: step, batch and the layer where it began
   */
  async trainEpoch(
    { signal, onProgress, until = this.batches }: {
      signal?: AbortSignal;
      onProgress?: (progress: EpochProgress) => void;
      until?: number;
    } = {},
  ): Promise<EpochResult> {
    const counters = this.#counters;
    const { batchSize, runs } = this.options;
    const orders = runs.map((run) => epochOrder(this.options, run, counters.epoch));
    orders.forEach((order, i) => this.device.write(this.buffers.runs[i].order, order));
    const began = performance.now();
    const firstBatch = counters.batch;
    let read = { batch: counters.batch, at: began };
    let newest: number[] | undefined;
    while (counters.batch < Math.min(until, this.batches)) {
      if (signal?.aborted) {
        await this.#readLosses(read.batch);
        throw signal.reason;
      }
      await this.#trainBatch(orders);
      await this.#pacer.submitted();
      const now = performance.now();
      if (now - read.at > readInterval) {
        newest = await this.#readLosses(read.batch);
        read = { batch: counters.batch, at: performance.now() };
      }
      onProgress?.({
        epoch: counters.epoch,
        batch: counters.batch,
        batches: this.batches,
        losses: newest,
        imagesPerSecond: this.#speed(firstBatch, began),
      });
    }
    await this.#readLosses(read.batch);
    const result: EpochResult = {
      epoch: counters.epoch,
      losses: counters.runs.map(({ losses }) => Float32Array.from(losses)),
      meanLosses: counters.runs.map(({ losses }) =>
        meanOverSamples(losses, batchSize, this.#samples)
      ),
      imagesPerSecond: this.#speed(firstBatch, began),
    };
    if (counters.batch === this.batches) {
      counters.epoch++;
      counters.batch = 0;
      for (const run of counters.runs) run.losses = [];
    }
    return result;
  }

  #speed(firstBatch: number, began: number): number {
    const { batchSize, runs } = this.options;
    const samples = Math.min(this.#counters.batch * batchSize, this.#samples) -
      firstBatch * batchSize;
    return samples * runs.length / ((performance.now() - began) / 1000);
  }

  /** Submits the next batch of every run, and the update that is due behind it. */
  async #trainBatch(orders: readonly Uint32Array[]): Promise<void> {
    const counters = this.#counters;
    const { accumulationSteps = 1, batchSize, runs } = this.options;
    const first = counters.batch * batchSize;
    const size = Math.min(batchSize, this.#samples - first);
    const program = await this.#programs.step(size);
    const groupStart = counters.batch - counters.batch % accumulationSteps;
    const group = Math.min(accumulationSteps, this.batches - groupStart);
    const updates = counters.batch === groupStart + group - 1;
    for (let run = 0; run < runs.length; run++) {
      const items = orders[run].subarray(first, first + size);
      const batch = { run, items, first, share: 1 / group };
      await uploadBatch(this.device, this.options, this.buffers, counters, batch);
    }
    program.run();
    if (updates && accumulationSteps > 1) (await this.#programs.update()).run();
    counters.batch++;
    counters.step++;
    if (updates) counters.updates++;
    for (const run of counters.runs) for (const entry of run.batches) entry[1]++;
  }

  /** Reads losses from batch `from` on; returns the newest of each run. */
  async #readLosses(from: number): Promise<number[]> {
    const counters = this.#counters;
    const { watched } = this.#programs;
    const losses = await Promise.all(
      this.options.runs.map(({ label }, i) =>
        readLosses(this.device, label, this.buffers.runs[i], counters, from, watched)
      ),
    );
    losses.forEach((values, i) => counters.runs[i].losses.push(...values));
    return losses.map((values) => values[values.length - 1]);
  }

  /**
   * Applies every run's network, in evaluation mode, to items of its own.
   *
   * @returns logits in the order of the items
   */
  async evaluate(items: readonly Uint32Array[], signal?: AbortSignal): Promise<Outputs[]> {
    const { runs, batchSize, normalisation } = this.options;
    const { data } = this.buffers;
    this.#predictor ??= new Predictor(this.device, data, {
      // A streamed data set holds one batch of training.
      batchSize: data.resident
        ? evaluationBatch(runs.map(({ network }) => network), batchSize)
        : batchSize,
      normalisation,
      runs: runs.map(({ network }, i) => ({ network, buffers: this.buffers.runs[i] })),
      arena: this.#arena,
    });
    return await this.#predictor.predict(items, signal);
  }

  /** Mean loss of items that a run's network was applied to. */
  loss(run: number, logits: Float32Array, items: Uint32Array): number {
    const { loss, targets, runs } = this.options;
    const { network: { outputs }, classWeights } = runs[run];
    return meanLoss(loss, logits, outputs, items, targets, classWeights);
  }

  /** Tells a plateau schedule the validation loss of the epoch that just ended. */
  observe(run: number, validationLoss: number): void {
    const { schedule = { kind: "constant" } } = this.options;
    const counters = this.#counters.runs[run];
    counters.schedule = observeLoss(schedule, counters.schedule, validationLoss);
  }

  /** Weights and statistics of a run, for `exportState`. */
  async weights(run: number): Promise<NetworkState> {
    const { network } = this.options.runs[run];
    const { batches } = this.#counters.runs[run];
    return await readWeights(this.device, network, this.buffers.runs[run], batches);
  }

  /**
   * All that `resume` needs for the same bits as without an interruption.
   *
   * @param weightless runs whose weights the caller has, and adds
   */
  async state(weightless: ReadonlySet<number> = new Set()): Promise<TrainerState> {
    const tensors = await readTensors(this.device, this.options, this.buffers.runs, weightless);
    return { counters: structuredClone(this.#counters), tensors };
  }

  /** Frees everything on the device. */
  destroy(): void {
    this.#predictor?.destroy();
    this.#arena.destroy();
    freeBuffers(this.device, this.buffers);
  }
}
