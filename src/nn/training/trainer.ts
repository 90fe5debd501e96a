/**
 * Training of one or several networks side by side: one static program a step.
 *
 * ```ts ignore
 * const trainer = await Trainer.create(device, {
 *   data: { shape: [1, 64, 64], count: 800, normalisation: "element", read: (item) => slices[item] },
 *   targets: Uint32Array.from(labels),           // class (or Float32Array of values) of every item
 *   runs: [{ label: "fold 0", network: createNetwork("resnet18", [3, 64, 64], 2),
 *            items: trainItems, seed: 0 }],      // several runs of equal length train side by side
 *   loss: "cross_entropy", batchSize: 8, sampler: "random",
 *   optimizer: { name: "Adam", learningRate: 1e-4, weightDecay: 1e-4 },
 * });
 * while (trainer.epoch < epochs) {
 *   const { losses } = await trainer.trainEpoch({ signal, onProgress });
 *   const [{ logits }] = await trainer.evaluate([validationItems]);      // in order
 *   trainer.observe(0, trainer.computeLoss(0, logits, validationItems)); // plateau schedules
 *   const checkpoint = await trainer.readState();                        // all that resuming needs
 * }
 * ```
 *
 * The same options give the same bits: alone or side by side, interrupted or not. After an abort
 * `trainEpoch` throws `signal.reason`; `readState()` then holds the position inside the epoch and
 * `Trainer.create(device, { ...options, resume: state })` continues with the next batch.
 */
import { Arena } from "../../gpu/arena.ts";
import type { Device } from "../../gpu/device.ts";
import { Pacer } from "../../gpu/pacer.ts";
import { drawEpochOrder, uploadBatch } from "./batch.ts";
import { freeBuffers, openBuffers, type TrainingBuffers } from "./buffers.ts";
import { fillBuffers } from "./fill.ts";
import { meanOverSamples, readLosses } from "./read_losses.ts";
import {
  checkOptions,
  type EpochProgress,
  type EpochResult,
  type TrainerCounters,
  type TrainerOptions,
  type TrainerState,
  type TrainingRun,
} from "./options.ts";
import { TrainingPrograms } from "./programs.ts";
import { checkStorage } from "./storage.ts";
import { createCounters, readNetworkState, readTensors } from "./state.ts";
import { meanLossOfLogits } from "../loss.ts";
import {
  chooseEvaluationBatch,
  logitsReadout,
  type NetworkOutputs,
  Predictor,
  type Readout,
} from "../predictor.ts";
import { readReconstructions, type Reconstruction, reconstructionReadout } from "../reconstruct.ts";
import {
  errorsOf,
  errorsReadout,
  type ReconstructionErrors,
  type ReconstructionObjective,
} from "../reconstruction.ts";
import { observeLoss } from "../schedule.ts";
import type { NetworkState } from "../state_dict.ts";

export type {
  EpochProgress,
  EpochResult,
  TrainerCounters,
  TrainerOptions,
  TrainerState,
  TrainingRun,
};

/** Least milliseconds between two reads of the losses, which report NaN early and show progress. */
const READ_INTERVAL_MS = 2000;

/** Trains networks on a device; see above. Free it with {@link Trainer.destroy}. */
export class Trainer {
  readonly #counters: TrainerCounters;
  readonly #arena: Arena;
  readonly #pacer: Pacer;
  readonly #programs: TrainingPrograms;
  /** By what they read back. */
  readonly #predictors = new Map<Readout, Predictor>();
  #errorsReadout?: Readout;

  private constructor(
    readonly device: Device,
    readonly options: TrainerOptions,
    readonly buffers: TrainingBuffers,
  ) {
    this.#arena = new Arena(device);
    this.#pacer = new Pacer(device);
    this.#programs = new TrainingPrograms(device, options, buffers, this.#arena);
    this.#counters = structuredClone(options.resume?.counters ?? createCounters(options.runs));
  }

  /**
   * Uploads data and weights, plans memory and compiles every kernel.
   *
   * @throws {RangeError} options that contradict each other, or a checkpoint that does not match them
   * @throws {DeviceError} too little memory: what is needed and which batch size would fit; or a storage that
   * the device does not have
   */
  static async create(device: Device, options: TrainerOptions): Promise<Trainer> {
    checkOptions(options);
    checkStorage(device, options.storage);
    const trainer = new Trainer(device, options, openBuffers(device, options));
    try {
      await fillBuffers(device, options, trainer.buffers);
      for (const size of trainer.#batchSizes()) await trainer.#programs.prepareStep(size);
      return trainer;
    } catch (error) {
      trainer.destroy();
      throw error;
    }
  }

  /** The next epoch, or the one that was interrupted. */
  get epoch(): number {
    return this.#counters.epoch;
  }

  /** Trained batches of that epoch. */
  get batch(): number {
    return this.#counters.batch;
  }

  /** Items of each run. */
  get #samples(): number {
    return this.options.runs[0].items.length;
  }

  /** Batches of one epoch; the last may be smaller. */
  get batches(): number {
    return Math.ceil(this.#samples / this.options.batchSize);
  }

  /** Samples of a full batch and of the last. */
  #batchSizes(): Set<number> {
    const { batchSize } = this.options;
    const last = this.#samples - (this.batches - 1) * batchSize;
    return new Set([Math.min(batchSize, this.#samples), last]);
  }

  /**
   * Trains the remaining batches of the current epoch, or those before `until`; the next call
   * continues from there.
   *
   * @throws `signal.reason` after an abort, at a batch boundary
   * @throws {DeviceError} a loss that is not finite: step, batch and the first non-finite layer
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
    const orders = runs.map((run) => drawEpochOrder(this.options, run, counters.epoch));
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
      // The pacer's wait blocks this thread, so the next batch is read before it, while the device works.
      if (counters.batch < Math.min(until, this.batches)) await this.#prepareBatch(orders);
      await this.#pacer.submitted();
      const now = performance.now();
      if (now - read.at > READ_INTERVAL_MS) {
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

  /** Images a second of all runs together, since `began` (milliseconds) and batch `firstBatch`. */
  #speed(firstBatch: number, began: number): number {
    const { batchSize, runs } = this.options;
    const samples = Math.min(this.#counters.batch * batchSize, this.#samples) -
      firstBatch * batchSize;
    return samples * runs.length / ((performance.now() - began) / 1000);
  }

  /** Position in the epoch of the next batch's first sample, and its samples. */
  get #nextBatch(): { first: number; size: number } {
    const { batchSize } = this.options;
    const first = this.#counters.batch * batchSize;
    return { first, size: Math.min(batchSize, this.#samples - first) };
  }

  /** Puts the items of every run's next batch where its program reads them. */
  async #prepareBatch(orders: readonly Uint32Array[]): Promise<void> {
    const { first, size } = this.#nextBatch;
    for (const [run, order] of orders.entries()) {
      await this.buffers.data.prepare(run, order.subarray(first, first + size));
    }
  }

  /** Submits the next batch of every run, and the update if it is the last batch of one. */
  async #trainBatch(orders: readonly Uint32Array[]): Promise<void> {
    const counters = this.#counters;
    const { accumulationSteps = 1, runs } = this.options;
    const { first, size } = this.#nextBatch;
    const program = await this.#programs.prepareStep(size);
    const groupStart = counters.batch - counters.batch % accumulationSteps;
    const group = Math.min(accumulationSteps, this.batches - groupStart);
    const updates = counters.batch === groupStart + group - 1;
    for (let run = 0; run < runs.length; run++) {
      const batch = { run, first, size, share: 1 / group };
      uploadBatch(this.device, this.options, this.buffers, counters, batch);
    }
    await this.#prepareBatch(orders);
    program.run();
    if (updates && accumulationSteps > 1) (await this.#programs.prepareUpdate()).run();
    counters.batch++;
    counters.step++;
    if (updates) counters.updates++;
    for (const run of counters.runs) for (const entry of run.batches) entry[1]++;
  }

  /** Reads losses from batch `from` on; returns the newest of each run. */
  async #readLosses(from: number): Promise<number[]> {
    const counters = this.#counters;
    const { checkedLayers } = this.#programs;
    const losses = await Promise.all(
      this.options.runs.map(({ label }, i) =>
        readLosses(this.device, label, this.buffers.runs[i], counters, from, checkedLayers)
      ),
    );
    losses.forEach((values, i) => counters.runs[i].losses.push(...values));
    return losses.map((values) => values[values.length - 1]);
  }

  /**
   * Applies every run's network, in evaluation mode, to items of its own.
   *
   * @returns logits in the order of the items
   * @throws {TypeError} when the networks reconstruct their input
   * @throws {DeviceError} too little memory, or a device that failed
   * @throws `signal.reason` after an abort, at a batch boundary
   */
  async evaluate(items: readonly Uint32Array[], signal?: AbortSignal): Promise<NetworkOutputs[]> {
    if (typeof this.options.loss !== "string") {
      throw new TypeError("Reconstructions have no logits");
    }
    return await this.#predictor(logitsReadout).predict(items, signal);
  }

  /** Applies the networks in evaluation mode; made on first use. */
  #predictor(readout: Readout): Predictor {
    let predictor = this.#predictors.get(readout);
    if (!predictor) {
      const { runs, batchSize, storage } = this.options;
      predictor = new Predictor(this.device, this.buffers.data, {
        batchSize: chooseEvaluationBatch(runs.map(({ network }) => network), batchSize),
        runs: runs.map(({ network }, i) => ({ network, buffers: this.buffers.runs[i] })),
        arena: this.#arena,
        readout,
        storage,
      });
      this.#predictors.set(readout, predictor);
    }
    return predictor;
  }

  /** @throws {TypeError} when the networks are trained by targets */
  get #objective(): ReconstructionObjective {
    const { loss } = this.options;
    if (typeof loss !== "string") return loss;
    throw new TypeError(`The loss ${loss} is no reconstruction's`);
  }

  /**
   * Computes the errors of every run's reconstructions of items of its own, in evaluation mode.
   *
   * @throws {DeviceError} too little memory, or a device that failed
   * @throws `signal.reason` after an abort, at a batch boundary
   */
  async evaluateReconstruction(
    items: readonly Uint32Array[],
    signal?: AbortSignal,
  ): Promise<ReconstructionErrors[]> {
    const objective = this.#objective;
    this.#errorsReadout ??= errorsReadout(objective);
    const rows = await this.#predictor(this.#errorsReadout).readRows(items, signal);
    return this.options.runs.map(({ network }, run) => errorsOf(objective, network, rows[run]));
  }

  /**
   * Calls `use` with the reconstruction of every run's items, in evaluation mode, batch by batch.
   *
   * @throws {DeviceError} too little memory, or a device that failed
   * @throws `signal.reason` after an abort, at a batch boundary
   */
  async reconstruct(
    items: readonly Uint32Array[],
    use: (reconstruction: Reconstruction) => void | Promise<void>,
    signal?: AbortSignal,
  ): Promise<void> {
    await readReconstructions(this.#predictor(reconstructionReadout), items, use, signal);
  }

  /**
   * Computes the mean loss of items that a run's network was applied to.
   *
   * @throws {TypeError} when the networks reconstruct their input
   */
  computeLoss(run: number, logits: Float32Array, items: Uint32Array): number {
    const { loss, targets, runs, labelSmoothing, focalGamma } = this.options;
    if (typeof loss !== "string" || !targets) throw new TypeError("Reconstructions have no logits");
    const { network: { outputs }, classWeights } = runs[run];
    const options = { classWeights, labelSmoothing, focalGamma };
    return meanLossOfLogits(loss, logits, outputs, items, targets, options);
  }

  /** Passes the validation loss of the epoch that just ended to a plateau schedule. */
  observe(run: number, validationLoss: number): void {
    const { schedule = { kind: "constant" } } = this.options;
    const counters = this.#counters.runs[run];
    counters.schedule = observeLoss(schedule, counters.schedule, validationLoss);
  }

  /** Reads back the weights and statistics of a run, for `exportState`. */
  async readNetworkState(run: number): Promise<NetworkState> {
    const { network } = this.options.runs[run];
    const { batches } = this.#counters.runs[run];
    return await readNetworkState(this.device, network, this.buffers.runs[run], batches);
  }

  /**
   * Reads back the state with which `resume` gives the same bits as without an interruption.
   *
   * @param withoutWeights runs whose weights the caller has, and adds
   */
  async readState(withoutWeights: ReadonlySet<number> = new Set()): Promise<TrainerState> {
    const tensors = await readTensors(this.device, this.options, this.buffers.runs, withoutWeights);
    return { counters: structuredClone(this.#counters), tensors };
  }

  /** Frees everything on the device. */
  destroy(): void {
    for (const predictor of this.#predictors.values()) predictor.destroy();
    this.#arena.destroy();
    freeBuffers(this.device, this.buffers);
  }
}
