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
 *   const [predictions] = await trainer.evaluate([validationItems]);  // logits, loss, in order
 *   trainer.observe(0, predictions.loss);                             // plateau schedules
 *   const checkpoint = await trainer.state();                         // all that a resume needs
 * }
 * ```
 *
 * The same options give the same bits: alone or side by side, interrupted or not. After an abort
 * `trainEpoch` throws `signal.reason`; `state()` then holds the position inside the epoch and
 * `Trainer.create(device, { ...options, resume: state })` goes on with the next batch.
 */
import { lossForward } from "../../kernels/loss.ts";
import { addNoise } from "../../kernels/random.ts";
import {
  type Augmentation,
  augmentationWords,
  erase,
  gatherBatch,
  packAugmentation,
  smooth,
} from "../../kernels/gather.ts";
import { recordUpdate } from "../../kernels/optimizer.ts";
import { activationBytes } from "../../kernels/tensors.ts";
import { Arena, ArenaError } from "../gpu/arena.ts";
import type { Device, DeviceBuffer } from "../gpu/device.ts";
import { Pacer } from "../gpu/pacer.ts";
import { type Operand, type Program, ProgramBuilder } from "../gpu/program.ts";
import { Uniforms } from "../gpu/uniforms.ts";
import { DeviceError } from "../errors.ts";
import { streamNumber } from "../random.ts";
import { drawAugmentation } from "./augmentation.ts";
import { DeviceDataset } from "./data.ts";
import { type Activation, Trace } from "./layer.ts";
import { largestBatch, layoutOf, openRun, type RunBuffers, stored } from "./fit_buffers.ts";
import {
  checkOptions,
  type Run,
  type TrainerCounters,
  type TrainerOptions,
  type TrainerState,
} from "./fit_options.ts";
import { updateRule, updateScalars } from "./optimizer.ts";
import { evaluationBatch, type Predictions, Predictor } from "./infer.ts";
import { sampleOrder } from "./sampler.ts";
import { initialScheduleState, observeLoss, scheduleFactor } from "./schedule.ts";
import type { NetworkState } from "./state_dict.ts";

export type { Run, TrainerCounters, TrainerOptions, TrainerState };

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

/** Losses are read back this often at most, to see NaN early and to show progress. */
const readInterval = 2000;

export class Trainer {
  #counters: TrainerCounters;
  readonly #arena: Arena;
  readonly #pacer: Pacer;
  readonly #programs = new Map<string, Promise<Program>>();
  #watched: string[] = [];
  #predictor?: Predictor;

  private constructor(
    readonly device: Device,
    readonly options: TrainerOptions,
    readonly data: DeviceDataset,
    readonly targets: DeviceBuffer,
    readonly identity: DeviceBuffer,
    readonly buffers: readonly RunBuffers[],
  ) {
    this.#arena = new Arena(device);
    this.#pacer = new Pacer(device);
    this.#counters = options.resume?.counters ?? {
      epoch: 0,
      batch: 0,
      step: 0,
      updates: 0,
      runs: options.runs.map(({ initial, network }) => ({
        schedule: initialScheduleState(),
        losses: [],
        batches: [
          ...(initial?.batches ?? network.normalisations.map((n): [string, number] => [n, 0])),
        ],
      })),
    };
    this.#counters = structuredClone(this.#counters);
  }

  /**
   * Uploads data and weights, plans memory and compiles every kernel.
   *
   * @throws {RangeError} options that contradict each other
   * @throws {DeviceError} too little memory: what is needed and which batch size would fit
   */
  static async create(device: Device, options: TrainerOptions): Promise<Trainer> {
    checkOptions(options);
    const { runs, batchSize, targets } = options;
    const data = await DeviceDataset.open(device, options.data, {
      streams: runs.length,
      batchSize,
      limit: options.residentBytes,
    });
    const identity = device.buffer(
      "identity",
      Uint32Array.from({ length: batchSize }, (_, i) => i),
    );
    const labels = device.buffer("targets", targets as Uint32Array<ArrayBuffer>);
    const buffers = runs.map((run, i) => openRun(device, options, run, i));
    const trainer = new Trainer(device, options, data, labels, identity, buffers);
    try {
      await trainer.#prepare();
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

  async #prepare(): Promise<void> {
    const { batchSize, onCompile } = this.options;
    const full = Math.min(batchSize, this.#samples);
    await this.#program(full, onCompile);
    const rest = this.#samples % batchSize;
    if (rest > 0 && rest !== full) await this.#program(rest, onCompile);
  }

  /** Learning rate of a run in the present epoch. */
  learningRate(run: number): number {
    const { optimizer, schedule = { kind: "constant" } } = this.options;
    const { epoch, runs } = this.#counters;
    return optimizer.learningRate * scheduleFactor(schedule, runs[run].schedule, epoch);
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
    const { options } = this;
    const { accumulationSteps = 1, batchSize } = options;
    const orders = options.runs.map((run) => this.#order(run));
    orders.forEach((order, i) => this.device.write(this.buffers[i].order, order));
    const began = performance.now();
    const firstBatch = counters.batch;
    let read = { batch: counters.batch, at: began };
    let newest: number[] | undefined;
    while (counters.batch < Math.min(until, this.batches)) {
      if (signal?.aborted) {
        await this.#readLosses(read.batch);
        throw signal.reason;
      }
      const first = counters.batch * batchSize;
      const size = Math.min(batchSize, this.#samples - first);
      const program = await this.#program(size);
      const groupStart = counters.batch - counters.batch % accumulationSteps;
      const group = Math.min(accumulationSteps, this.batches - groupStart);
      const updates = accumulationSteps > 1 && counters.batch === groupStart + group - 1;
      for (let i = 0; i < options.runs.length; i++) {
        await this.#setStep(i, orders[i].subarray(first, first + size), first, 1 / group);
      }
      program.run();
      if (updates) (await this.#updateProgram()).run();
      counters.batch++;
      counters.step++;
      if (accumulationSteps === 1 || updates) counters.updates++;
      for (const run of counters.runs) for (const entry of run.batches) entry[1]++;
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
      meanLosses: counters.runs.map(({ losses }) => this.#meanLoss(losses)),
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
    const samples = Math.min(this.#counters.batch * this.options.batchSize, this.#samples) -
      firstBatch * this.options.batchSize;
    return samples * this.options.runs.length / ((performance.now() - began) / 1000);
  }

  #meanLoss(losses: readonly number[]): number {
    const { batchSize } = this.options;
    const sum = losses.reduce((total, loss, batch) => {
      const size = Math.min(batchSize, this.#samples - batch * batchSize);
      return total + loss * size;
    }, 0);
    return sum / this.#samples;
  }

  #order(run: Run): Uint32Array<ArrayBuffer> {
    const { sampler = "random", targets } = this.options;
    const classes = Uint32Array.from(run.items, (item) => targets[item]);
    const { epoch } = this.#counters;
    const places = sampleOrder(sampler, run.items.length, run.seed, epoch, classes);
    return places.map((place) => run.items[place]);
  }

  async #setStep(run: number, items: Uint32Array, first: number, share: number): Promise<void> {
    const { counters, buffers, options } = {
      counters: this.#counters,
      buffers: this.buffers[run],
      options: this.options,
    };
    const { seed, network } = options.runs[run];
    await this.data.prepare(run, items);
    buffers.step.set({ step: counters.step, seed, first, slot: counters.batch, share });
    const t = counters.updates + 1;
    buffers.update.set(updateScalars(options.optimizer, t, this.learningRate(run)));
    const { augmentation = [] } = options;
    if (!buffers.augmentations || !buffers.deviations) return;
    const records = new DataView(new ArrayBuffer(items.length * augmentationWords * 4));
    const deviations = new Float32Array(items.length);
    const [, height, width] = network.input;
    for (let n = 0; n < items.length; n++) {
      const drawn = drawAugmentation(augmentation, height, width, seed, counters.epoch, first + n);
      packAugmentation(drawn as Augmentation, records, n);
      deviations[n] = drawn.noise;
    }
    this.device.write(buffers.augmentations, records);
    this.device.write(buffers.deviations, deviations);
  }

  /** Reads losses from `from` on; returns the newest of each run. */
  async #readLosses(from: number): Promise<number[]> {
    const { counters } = { counters: this.#counters };
    const count = counters.batch - from;
    const newest: number[] = [];
    for (let i = 0; i < this.buffers.length; i++) {
      const values = count > 0
        ? await this.device.readFloats(this.buffers[i].losses, from * 4, count)
        : new Float32Array(0);
      const broken = values.findIndex((value) => !Number.isFinite(value));
      if (broken >= 0) await this.#reportBroken(i, from + broken, values[broken]);
      counters.runs[i].losses.push(...values);
      newest.push(values[count - 1]);
    }
    return newest;
  }

  async #reportBroken(run: number, batch: number, loss: number): Promise<never> {
    const faults = new Uint32Array(await this.device.read(this.buffers[run].faults));
    const { label } = this.options.runs[run];
    const { epoch, step, batch: done } = this.#counters;
    const steps = [...faults.subarray(0, this.#watched.length)].map((at) => at || Infinity);
    const earliest = Math.min(...steps);
    const layer = this.#watched[steps.indexOf(earliest)];
    const began = Number.isFinite(earliest) ? earliest - 1 : step - done + batch;
    throw new DeviceError(
      `The loss of ${label} is ${loss} in epoch ${epoch}, batch ${batch}; the first value that is ` +
        `not finite appeared at step ${began}${layer ? ` in layer ${layer}` : ""}. ` +
        "Take a smaller learning_rate, or look for extreme values in the data",
    );
  }

  #program(size: number, onCompile?: (done: number, all: number) => void): Promise<Program> {
    const key = `train ${size}`;
    let program = this.#programs.get(key);
    if (!program) {
      program = this.#build(key, (builder) => this.#record(builder, size), onCompile, size);
      this.#programs.set(key, program);
    }
    return program;
  }

  #updateProgram(): Promise<Program> {
    let program = this.#programs.get("update");
    if (!program) {
      program = this.#build(
        "update",
        (builder) =>
          builder.parallel(this.options.runs.map((_, i) => () => {
            this.#recordUpdate(builder, i);
            builder.clear(this.buffers[i].gradients);
          })),
      );
      this.#programs.set("update", program);
    }
    return program;
  }

  async #build(
    label: string,
    record: (builder: ProgramBuilder) => void,
    onCompile?: (done: number, all: number) => void,
    batchSize?: number,
  ): Promise<Program> {
    const builder = new ProgramBuilder(this.device, label);
    try {
      record(builder);
      return await builder.build(this.#arena, onCompile);
    } catch (cause) {
      if (!(cause instanceof DeviceError) || cause.kernel || batchSize === undefined) throw cause;
      const fits = cause instanceof ArenaError
        ? this.#affordable(cause.given, batchSize)
        : largestBatch(this.device, this.options);
      if (fits >= batchSize) throw cause;
      const advice = fits > 0 ? `batch_size ${fits} would fit` : "not even batch_size 1 fits";
      throw new DeviceError(
        `${cause.message}; at batch_size ${batchSize} training needs more than the device has: ${advice}`,
        undefined,
        undefined,
        { cause },
      );
    }
  }

  /** A batch size below `batchSize` that takes at most `bytes`, its last batch included, or 0. */
  #affordable(bytes: number, batchSize: number): number {
    const needed = (size: number) => {
      if (size === 0) return 0;
      const builder = new ProgramBuilder(this.device, "estimate");
      this.#record(builder, size);
      return builder.plannedBytes();
    };
    let [fits, exceeds] = [0, batchSize];
    while (exceeds - fits > 1) {
      const size = (fits + exceeds) >> 1;
      const last = this.options.runs[0].items.length % size;
      if (needed(size) + needed(last) <= bytes) fits = size;
      else exceeds = size;
    }
    return fits;
  }

  #record(builder: ProgramBuilder, size: number): void {
    const watched: string[][] = [];
    builder.parallel(this.options.runs.map((_, i) => () => {
      watched[i] = this.#recordRun(builder, i, size);
      if ((this.options.accumulationSteps ?? 1) === 1) this.#recordUpdate(builder, i);
    }));
    this.#watched = watched[0];
  }

  #recordRun(builder: ProgramBuilder, index: number, size: number): string[] {
    const { network, frozen } = this.options.runs[index];
    const buffers = this.buffers[index];
    const params = buffers.step.buffer;
    const trace = new Trace({
      program: builder,
      mode: "train",
      layout: network.parameters,
      statistics: network.statistics,
      buffers,
      params,
      accumulate: (this.options.accumulationSteps ?? 1) > 1,
      frozen,
    });
    const x: Activation = {
      shape: network.inputShape(size),
      tensor: this.#recordInput(builder, index, size),
      wanted: false,
    };
    const logits = network.record(trace, x);
    const gradient = builder.tensor("logits gradient", activationBytes(logits.shape));
    lossForward(builder, this.options.loss, {
      batch: size,
      outputs: network.outputs,
      logits: logits.tensor,
      order: buffers.order,
      params,
      targets: this.targets,
      weights: buffers.weights,
      losses: buffers.losses,
      gradient,
      faults: buffers.faults,
      watch: trace.watch("loss"),
    });
    logits.gradient = gradient;
    trace.backward();
    return trace.watched;
  }

  #recordInput(builder: ProgramBuilder, index: number, size: number): Operand {
    const { network } = this.options.runs[index];
    const buffers = this.buffers[index];
    const params = buffers.step.buffer;
    const { augmentation = [], normalisation, data } = this.options;
    const output = network.inputShape(size);
    const bytes = activationBytes(output);
    const { augmentations, deviations } = buffers;
    let x = builder.tensor("input", bytes);
    gatherBatch(builder, {
      output,
      inChannels: data.shape[0],
      data: this.data.data(index),
      order: this.data.resident ? buffers.order : this.identity,
      fromStart: !this.data.resident,
      ranges: normalisation === "element" ? this.data.ranges(index) : undefined,
      augmentations: augmentation.includes("CropPad") ? augmentations : undefined,
      y: x,
      params,
      label: "gather",
    });
    if (augmentations && augmentation.includes("Smoothing")) {
      const between = builder.tensor("smoothed along x", bytes);
      const y = builder.tensor("smoothed", bytes);
      smooth(builder, { shape: output, augmentations, x, between, y });
      x = y;
    }
    if (deviations && augmentation.includes("Noise")) {
      const y = builder.tensor("with noise", bytes);
      const stream = streamNumber("augment noise");
      addNoise(builder, { x, y, deviations, batch: size, bytes, stream, params, label: "noise" });
      x = y;
    }
    if (augmentations && augmentation.includes("Erasing")) {
      erase(builder, { shape: output, augmentations, y: x });
    }
    return x;
  }

  #recordUpdate(builder: ProgramBuilder, index: number): void {
    const { parameters, gradients, moment1, moment2, trainable, update } = this.buffers[index];
    recordUpdate(builder, {
      ...updateRule(this.options.optimizer),
      count: this.options.runs[index].network.parameters.deviceLength,
      parameters,
      gradients,
      moment1,
      moment2,
      trainable,
      params: update.buffer,
      label: this.options.optimizer.name,
    });
  }

  /**
   * Applies every run's network, in evaluation mode, to items of its own.
   *
   * @returns logits in the order of the items, and the loss over all of them
   */
  async evaluate(items: readonly Uint32Array[], signal?: AbortSignal): Promise<Predictions[]> {
    this.#predictor ??= new Predictor(this.device, this.data, {
      // A streamed data set holds one batch of training.
      batchSize: this.data.resident
        ? evaluationBatch(this.options.runs.map(({ network }) => network), this.options.batchSize)
        : this.options.batchSize,
      normalisation: this.options.normalisation,
      runs: this.options.runs.map(({ network }, i) => ({ network, buffers: this.buffers[i] })),
      arena: this.#arena,
    });
    return await this.#predictor.predict(items, {
      signal,
      loss: {
        name: this.options.loss,
        targets: this.options.targets,
        classWeights: this.options.runs.map((run) => run.classWeights),
      },
    });
  }

  /** Tells a plateau schedule the validation loss of the epoch that just ended. */
  observe(run: number, validationLoss: number): void {
    const { schedule = { kind: "constant" } } = this.options;
    const counters = this.#counters.runs[run];
    counters.schedule = observeLoss(schedule, counters.schedule, validationLoss);
  }

  /** Weights and statistics of a run, for `exportState`. */
  async weights(run: number): Promise<NetworkState> {
    const { parameters, statistics } = this.buffers[run];
    const { network } = this.options.runs[run];
    return {
      parameters: network.parameters.toHost(await floats(this.device, parameters)),
      statistics: await floats(this.device, statistics),
      batches: new Map(this.#counters.runs[run].batches),
    };
  }

  /** All that `resume` needs for the same bits as without an interruption. */
  async state(): Promise<TrainerState> {
    const tensors = new Map<string, Float32Array<ArrayBuffer>>();
    for (const [i, { network }] of this.options.runs.entries()) {
      for (const [name, buffer] of stored(this.buffers[i], this.options)) {
        const values = await floats(this.device, buffer);
        tensors.set(`${i}.${name}`, layoutOf(name, network).toHost(values));
      }
    }
    return { counters: structuredClone(this.#counters), tensors };
  }

  /** Frees everything on the device. */
  destroy(): void {
    this.#predictor?.destroy();
    this.#arena.destroy();
    this.data.destroy();
    for (const buffer of [this.targets, this.identity]) this.device.free(buffer);
    for (const run of this.buffers) {
      for (const value of Object.values(run)) {
        this.device.free(value instanceof Uniforms ? value.buffer : value);
      }
    }
  }
}

async function floats(device: Device, buffer: DeviceBuffer): Promise<Float32Array<ArrayBuffer>> {
  return new Float32Array(await device.read(buffer));
}
