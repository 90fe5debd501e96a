/** Networks in evaluation mode on the device: one static program for each batch size and group. */
import { gatherBatch } from "../../kernels/gather.ts";
import { activationBytes } from "../../kernels/tensors.ts";
import type { Arena } from "../gpu/arena.ts";
import type { BufferRange, Device, DeviceBuffer } from "../gpu/device.ts";
import { locate } from "../gpu/device_buffer.ts";
import { Pacer } from "../gpu/pacer.ts";
import { openParts } from "../gpu/parts.ts";
import { type Operand, type Program, ProgramBuilder, type Storage } from "../gpu/program.ts";
import { Uniforms } from "../gpu/uniforms.ts";
import type { DeviceDataset } from "./dataset.ts";
import { type Activation, type NetworkBuffers, storageFor, Trace } from "./layer.ts";
import type { Network } from "./network.ts";

/** Logits of one network for its items. */
export interface NetworkOutputs {
  /** `[items][outputs]`, in the order of the items. */
  logits: Float32Array<ArrayBuffer>;
  outputs: number;
}

/** Which values a predictor reads back for every item: one row of floats each. */
export interface Readout {
  /** Floats of one item's row. */
  rowLength(network: Network): number;
  /** Records the network. @returns `[items][rowLength]` */
  record(trace: Trace, network: Network, x: Activation): Operand;
}

/** Reads back the logits. */
export const logitsReadout: Readout = {
  rowLength: ({ outputs }) => padOutputs(outputs),
  record: (trace, network, x) => network.record(trace, x).tensor,
};

interface PredictorOptions {
  batchSize: number;
  runs: readonly { network: Network; buffers: NetworkBuffers }[];
  arena: Arena;
  /** Logits when absent. */
  readout?: Readout;
  /** Of activations; float32 when absent. */
  storage?: Storage;
}

/** The uniforms that kernels read in evaluation mode too; all stay 0. */
const evaluationFields = { step: "u32", seed: "u32", first: "u32" } as const;

/** Evaluation programs of networks whose weights are on the device. */
export class Predictor {
  readonly #programs = new Map<string, Promise<Program>>();
  /** 0, 1, 2, ...: the order of a batch in buffers of its own. */
  readonly #identity: DeviceBuffer;
  readonly #uniforms: Uniforms<typeof evaluationFields>;
  readonly #readout: Readout;
  /** `[batchSize][rowLength]` of each run. */
  readonly #batchRows: BufferRange[];
  /** `[batchSize]` items of each run, where its program picks them from all. */
  readonly #batchOrders: BufferRange[];

  constructor(
    readonly device: Device,
    readonly data: DeviceDataset,
    readonly options: PredictorOptions,
  ) {
    const { batchSize, runs } = options;
    const order = Uint32Array.from({ length: batchSize }, (_, i) => i);
    this.#identity = device.buffer("identity", order);
    this.#uniforms = new Uniforms(device, "evaluation step", evaluationFields);
    this.#uniforms.set({ step: 0, seed: 0, first: 0 });
    const readout = this.#readout = options.readout ?? logitsReadout;
    const rowBytes = runs.map(({ network }) => batchSize * readout.rowLength(network) * 4);
    this.#batchRows = openParts(device, "rows", rowBytes);
    this.#batchOrders = data.gathered
      ? openParts(device, "batch order", runs.map(() => batchSize * 4))
      : [];
  }

  /**
   * Computes the logits of each run's items.
   *
   * @param items of each run
   * @throws {DeviceError} too little memory, or a device that failed
   * @throws `signal.reason` after an abort, at a batch boundary
   */
  async predict(items: readonly Uint32Array[], signal?: AbortSignal): Promise<NetworkOutputs[]> {
    const rows = await this.readRows(items, signal);
    return this.options.runs.map(({ network: { outputs } }, i) => ({
      logits: removePadding(rows[i], items[i].length, outputs),
      outputs,
    }));
  }

  /**
   * Computes the rows that the readout takes of each run's items: `[items][rowLength]`, in their
   * order. Runs with equally many items are applied side by side.
   *
   * @throws {DeviceError} too little memory, or a device that failed
   * @throws `signal.reason` after an abort, at a batch boundary
   */
  async readRows(items: readonly Uint32Array[], signal?: AbortSignal): Promise<Float32Array[]> {
    const { runs } = this.options;
    const sideBySide = items.every((list) => list.length === items[0].length);
    const groups = sideBySide ? [runs.map((_, i) => i)] : runs.map((_, i) => [i]);
    const rows: Float32Array[] = [];
    for (const group of groups) {
      const groupRows = await this.#readGroup(group, items, signal);
      group.forEach((run, i) => rows[run] = groupRows[i]);
    }
    return rows;
  }

  async #readGroup(
    group: readonly number[],
    items: readonly Uint32Array[],
    signal?: AbortSignal,
  ): Promise<Float32Array[]> {
    const { runs, batchSize } = this.options;
    const count = items[group[0]].length;
    const results = group.map((run) =>
      this.device.buffer(
        "results",
        Math.max(count, 1) * this.#readout.rowLength(runs[run].network) * 4,
      )
    );
    const orders = group.map((run) =>
      this.device.buffer("evaluation order", items[run] as Uint32Array<ArrayBuffer>)
    );
    const pacer = new Pacer(this.device);
    try {
      const prepare = async (first: number) => {
        for (const run of group) {
          await this.data.prepare(run, items[run].subarray(first, first + batchSize));
        }
      };
      let last: Program | undefined;
      for (let first = 0; first < count; first += batchSize) {
        signal?.throwIfAborted();
        const size = Math.min(batchSize, count - first);
        await prepare(first);
        this.#copyOrders(group, orders, first, size);
        const program = await this.#program(group, size);
        if (program === last) program.runAgain();
        else program.run();
        last = program;
        this.#copyRows(group, results, first, size);
        if (first + batchSize < count) await prepare(first + batchSize);
        await pacer.submitted();
      }
      return await Promise.all(
        group.map((run, i) =>
          this.device.readFloats(results[i], 0, count * this.#readout.rowLength(runs[run].network))
        ),
      );
    } finally {
      for (const buffer of [...results, ...orders]) this.device.free(buffer);
    }
  }

  /** Copies a batch's items from each run's order to where its program picks them from all. */
  #copyOrders(
    group: readonly number[],
    orders: readonly DeviceBuffer[],
    first: number,
    size: number,
  ): void {
    if (!this.data.gathered) return;
    const encoder = this.device.gpu.createCommandEncoder();
    group.forEach((run, i) => {
      const to = locate(this.#batchOrders[run]);
      encoder.copyBufferToBuffer(orders[i].gpu, first * 4, to.of.gpu, to.first, size * 4);
    });
    this.device.gpu.queue.submit([encoder.finish()]);
  }

  /** Appends the batch's rows to each run's results. */
  #copyRows(
    group: readonly number[],
    results: readonly DeviceBuffer[],
    first: number,
    size: number,
  ): void {
    const encoder = this.device.gpu.createCommandEncoder();
    group.forEach((run, i) => {
      const row = this.#readout.rowLength(this.options.runs[run].network) * 4;
      const from = locate(this.#batchRows[run]);
      encoder.copyBufferToBuffer(from.of.gpu, from.first, results[i].gpu, first * row, size * row);
    });
    this.device.gpu.queue.submit([encoder.finish()]);
  }

  #program(group: readonly number[], size: number): Promise<Program> {
    const key = `${group.join()} ${size}`;
    let program = this.#programs.get(key);
    if (!program) {
      program = this.#recordGroup(group, size).build(this.options.arena);
      this.#programs.set(key, program);
    }
    return program;
  }

  /** Records all networks side by side, applied to a batch of `size` items. */
  record(size: number): ProgramBuilder {
    return this.#recordGroup(this.options.runs.map((_, run) => run), size);
  }

  /**
   * Takes the memory for that, and makes nothing else.
   *
   * @throws {DeviceError} too little memory
   */
  async reserve(size: number): Promise<void> {
    await this.record(size).reserve(this.options.arena);
  }

  #recordGroup(group: readonly number[], size: number): ProgramBuilder {
    const weights = group.map((run) => this.options.runs[run].buffers)
      .flatMap(({ parameters, statistics }) => [parameters, statistics])
      .map((range) => locate(range).of);
    const builder = new ProgramBuilder(this.device, `evaluate ${size}`, new Set(weights));
    builder.parallel(group.map((run) => () => this.#record(builder, run, size)));
    return builder;
  }

  #record(builder: ProgramBuilder, run: number, size: number): void {
    const { network, buffers } = this.options.runs[run];
    const shape = network.inputShape(size);
    const params = this.#uniforms.buffer;
    const { storage } = this.options;
    const tensor = builder.tensor("input", activationBytes(shape), storageFor(shape, storage));
    gatherBatch(builder, {
      output: shape,
      ...this.data.source(run),
      order: this.#batchOrders[run] ?? this.#identity,
      y: tensor,
      params,
      label: "gather",
    });
    const trace = new Trace({
      program: builder,
      mode: "evaluate",
      parameters: network.parameters,
      statistics: network.statistics,
      buffers,
      params,
      storage,
    });
    const repeated = this.data.repeatsChannel(shape);
    const x: Activation = { shape, tensor, requiresGradient: false, repeated };
    builder.copy(this.#readout.record(trace, network, x), this.#batchRows[run]);
  }

  /** Frees its buffers; data, weights and arena are the caller's. */
  destroy(): void {
    const { buffer } = this.#uniforms;
    for (const one of [this.#identity, buffer, ...this.#batchRows, ...this.#batchOrders]) {
      this.device.free(one);
    }
  }
}

/** Logits of one item, padded to blocks of four. */
function padOutputs(outputs: number): number {
  return Math.ceil(outputs / 4) * 4;
}

/** `[count][outputs]` from rows that are padded to blocks of four. */
function removePadding(
  rows: Float32Array,
  count: number,
  outputs: number,
): Float32Array<ArrayBuffer> {
  const row = padOutputs(outputs);
  const result = new Float32Array(count * outputs);
  for (let n = 0; n < count; n++) {
    result.set(rows.subarray(n * row, n * row + outputs), n * outputs);
  }
  return result;
}

/** Most bytes of the largest activation of an evaluated batch. */
const EVALUATION_BYTES = 32 * 2 ** 20;

/**
 * Batch size at which networks are applied: no smaller than asked for, and up to 64 while activations
 * stay small, since each batch reads every weight once. An item's results depend on it by rounding
 * alone, where a convolution of fewer pixels runs another variant.
 */
export function chooseEvaluationBatch(networks: readonly Network[], asked: number): number {
  const perImage = Math.max(
    ...networks.flatMap((network) =>
      network.summarise().map(({ output }) => activationBytes({ ...output, batch: 1 }))
    ),
  );
  return Math.max(asked, Math.min(64, Math.floor(EVALUATION_BYTES / perImage)));
}
