/** The programs of a training, each built on first use; they share one arena. */
import { DeviceError } from "../../errors.ts";
import { Arena, ArenaError } from "../../gpu/arena.ts";
import type { Device } from "../../gpu/device.ts";
import { plannedFor, planningDevice } from "../../gpu/planning_device.ts";
import { type Program, ProgramBuilder } from "../../gpu/program.ts";
import { largestBatch, type TrainingBuffers } from "./buffers.ts";
import type { TrainerOptions } from "./options.ts";
import { recordAccumulatedUpdate, recordStep } from "./step.ts";

/** Builds the programs of one training. */
export class TrainingPrograms {
  readonly #steps = new Map<number, Promise<Program>>();
  #update?: Promise<Program>;
  #checkedLayers: string[] = [];

  constructor(
    readonly device: Device,
    readonly options: TrainerOptions,
    readonly buffers: TrainingBuffers,
    readonly arena: Arena,
  ) {}

  /** Layers with a non-finite check, in order of their index in `nonFiniteSteps`. */
  get checkedLayers(): readonly string[] {
    return this.#checkedLayers;
  }

  /**
   * Builds the program of one step with a batch of `size` samples, or returns the one built before.
   *
   * @throws {DeviceError} too little memory: what is needed and which batch size would fit
   */
  prepareStep(size: number): Promise<Program> {
    let program = this.#steps.get(size);
    if (!program) this.#steps.set(size, program = this.#buildStep(size));
    return program;
  }

  /** Likewise the program of the update by gradients that were accumulated over several batches. */
  prepareUpdate(): Promise<Program> {
    if (!this.#update) {
      const builder = new ProgramBuilder(this.device, "update");
      recordAccumulatedUpdate(builder, this.options, this.buffers);
      this.#update = builder.build(this.arena);
    }
    return this.#update;
  }

  /**
   * Takes the memory of a step with a batch of `size` samples, and makes nothing else.
   *
   * @throws {DeviceError} too little memory
   */
  async reserveStep(size: number): Promise<void> {
    await this.#recordStep(size).reserve(this.arena);
  }

  #recordStep(size: number): ProgramBuilder {
    const builder = new ProgramBuilder(this.device, `train ${size}`);
    this.#checkedLayers = recordStep(builder, this.options, this.buffers, size);
    return builder;
  }

  async #buildStep(size: number): Promise<Program> {
    try {
      return await this.#recordStep(size).build(this.arena, this.options.onCompile);
    } catch (cause) {
      if (!(cause instanceof DeviceError) || cause.kernel) throw cause;
      const fits = cause instanceof ArenaError
        ? await this.#findBatchSize(cause.given, size)
        : largestBatch(this.device, this.options);
      if (fits >= size) throw cause;
      const steps = Math.ceil(size / fits) * (this.options.accumulationSteps ?? 1);
      const advice = fits > 0
        ? `batch_size ${fits} would fit, and accumulation_steps ${steps} make up for it`
        : "not even batch_size 1 fits; take smaller images";
      throw new DeviceError(
        `${cause.message}; at batch_size ${size} training needs more than the device has: ${advice}`,
        undefined,
        undefined,
        { cause },
      );
    }
  }

  /** Finds a batch size below `batchSize` that takes at most `bytes`, its last batch included; or 0. */
  async #findBatchSize(bytes: number, batchSize: number): Promise<number> {
    const { device: planning } = planningDevice(plannedFor(this.device));
    const needed = async (sizes: readonly number[]) => {
      const arena = new Arena(planning);
      for (const size of sizes) await this.#recordStep(size).reserve(arena);
      return arena.bytes;
    };
    let [fits, exceeds] = [0, batchSize];
    while (exceeds - fits > 1) {
      const size = (fits + exceeds) >> 1;
      const last = this.options.runs[0].items.length % size;
      if (await needed(last > 0 ? [size, last] : [size]) <= bytes) fits = size;
      else exceeds = size;
    }
    return fits;
  }
}
