/** Networks in evaluation mode on the device: one static program a batch size, in groups side by side. */
import { gatherBatch } from "../../kernels/gather.ts";
import { activationBytes } from "../../kernels/tensors.ts";
import type { Arena } from "../gpu/arena.ts";
import type { Device, DeviceBuffer } from "../gpu/device.ts";
import { Pacer } from "../gpu/pacer.ts";
import { type Operand, type Program, ProgramBuilder } from "../gpu/program.ts";
import { Uniforms } from "../gpu/uniforms.ts";
import type { DeviceDataset, Normalisation } from "./data.ts";
import { type Activation, type NetworkBuffers, Trace } from "./layer.ts";
import type { Network } from "./network.ts";

/** Outputs of one network for its items. */
export interface Outputs {
  /** `[items][outputs]`, in the order of the items. */
  logits: Float32Array<ArrayBuffer>;
  outputs: number;
}

/** What a predictor keeps of every item. */
export interface Kept {
  /** Floats of one item's row. */
  floats(network: Network): number;
  /** Records the network. @returns one row an item, of `floats` each */
  record(trace: Trace, network: Network, x: Activation): Operand;
}

/** Logits, padded to blocks of four. */
export const logitsOf: Kept = {
  floats: ({ outputs }) => rowFloats(outputs),
  record: (trace, network, x) => network.record(trace, x).tensor,
};

interface PredictorOptions {
  batchSize: number;
  normalisation: Normalisation;
  runs: readonly { network: Network; buffers: NetworkBuffers }[];
  arena: Arena;
  /** Logits when absent. */
  kept?: Kept;
}

const stepFields = { step: "u32", seed: "u32", first: "u32" } as const;

/** Evaluation programs of networks whose weights are on the device. */
export class Predictor {
  readonly #programs = new Map<string, Promise<Program>>();
  readonly #identity: DeviceBuffer;
  readonly #uniforms: Uniforms<typeof stepFields>;
  readonly #kept: Kept;
  /** Rows of one batch. */
  readonly #batchRows: DeviceBuffer[];

  constructor(
    readonly device: Device,
    readonly data: DeviceDataset,
    readonly options: PredictorOptions,
  ) {
    const { batchSize, runs } = options;
    const order = Uint32Array.from({ length: batchSize }, (_, i) => i);
    this.#identity = device.buffer("identity", order);
    this.#uniforms = new Uniforms(device, "evaluation step", stepFields);
    this.#uniforms.set({ step: 0, seed: 0, first: 0 });
    const kept = this.#kept = options.kept ?? logitsOf;
    this.#batchRows = runs.map(({ network }) =>
      device.buffer("rows", batchSize * kept.floats(network) * 4)
    );
  }

  /** @param items of each run; runs with equally many go side by side */
  async predict(items: readonly Uint32Array[], signal?: AbortSignal): Promise<Outputs[]> {
    const rows = await this.rows(items, signal);
    return this.options.runs.map(({ network: { outputs } }, i) => ({
      logits: withoutPadding(rows[i], items[i].length, outputs),
      outputs,
    }));
  }

  /** What is kept of each run's items, in their order. */
  async rows(items: readonly Uint32Array[], signal?: AbortSignal): Promise<Float32Array[]> {
    const { runs } = this.options;
    const together = items.every((list) => list.length === items[0].length);
    const groups = together ? [runs.map((_, i) => i)] : runs.map((_, i) => [i]);
    const rows: Float32Array[] = [];
    for (const group of groups) {
      const ofGroup = await this.#rowsOfGroup(group, items, signal);
      group.forEach((run, i) => rows[run] = ofGroup[i]);
    }
    return rows;
  }

  async #rowsOfGroup(
    group: readonly number[],
    items: readonly Uint32Array[],
    signal?: AbortSignal,
  ): Promise<Float32Array[]> {
    const { runs, batchSize } = this.options;
    const count = items[group[0]].length;
    const results = group.map((run) =>
      this.device.buffer("results", Math.max(count, 1) * this.#kept.floats(runs[run].network) * 4)
    );
    const orders = group.map((run) =>
      this.device.buffer("evaluation order", items[run] as Uint32Array<ArrayBuffer>)
    );
    const pacer = new Pacer(this.device);
    try {
      for (let first = 0; first < count; first += batchSize) {
        signal?.throwIfAborted();
        const size = Math.min(batchSize, count - first);
        for (const run of group) {
          await this.data.prepare(run, items[run].subarray(first, first + size));
        }
        this.#loadOrders(group, orders, first, size);
        (await this.#program(group, size)).run();
        this.#keep(group, results, first, size);
        await pacer.submitted();
      }
      return await Promise.all(
        group.map((run, i) =>
          this.device.readFloats(results[i], 0, count * this.#kept.floats(runs[run].network))
        ),
      );
    } finally {
      for (const buffer of [...results, ...orders]) this.device.free(buffer);
    }
  }

  readonly #batchOrders = new Map<number, DeviceBuffer>();

  #orderOf(run: number): DeviceBuffer {
    if (!this.data.resident) return this.#identity;
    let order = this.#batchOrders.get(run);
    if (!order) {
      order = this.device.buffer("batch order", this.options.batchSize * 4);
      this.#batchOrders.set(run, order);
    }
    return order;
  }

  #loadOrders(
    group: readonly number[],
    orders: readonly DeviceBuffer[],
    first: number,
    size: number,
  ): void {
    if (!this.data.resident) return;
    const encoder = this.device.gpu.createCommandEncoder();
    group.forEach((run, i) => {
      const { gpu } = this.#orderOf(run);
      encoder.copyBufferToBuffer(orders[i].gpu, first * 4, gpu, 0, size * 4);
    });
    this.device.gpu.queue.submit([encoder.finish()]);
  }

  #keep(
    group: readonly number[],
    results: readonly DeviceBuffer[],
    first: number,
    size: number,
  ): void {
    const encoder = this.device.gpu.createCommandEncoder();
    group.forEach((run, i) => {
      const row = this.#kept.floats(this.options.runs[run].network) * 4;
      const { gpu } = this.#batchRows[run];
      encoder.copyBufferToBuffer(gpu, 0, results[i].gpu, first * row, size * row);
    });
    this.device.gpu.queue.submit([encoder.finish()]);
  }

  #program(group: readonly number[], size: number): Promise<Program> {
    const key = `${group.join()} ${size}`;
    let program = this.#programs.get(key);
    if (!program) {
      const builder = new ProgramBuilder(this.device, `evaluate ${size}`);
      builder.parallel(group.map((run) => () => this.#record(builder, run, size)));
      program = builder.build(this.options.arena);
      this.#programs.set(key, program);
    }
    return program;
  }

  #record(builder: ProgramBuilder, run: number, size: number): void {
    const { normalisation, runs } = this.options;
    const { network, buffers } = runs[run];
    const shape = network.inputShape(size);
    const params = this.#uniforms.buffer;
    const tensor = builder.tensor("input", activationBytes(shape));
    gatherBatch(builder, {
      output: shape,
      ...this.data.source(run, normalisation),
      order: this.#orderOf(run),
      y: tensor,
      params,
      label: "gather",
    });
    const trace = new Trace({
      program: builder,
      mode: "evaluate",
      layout: network.parameters,
      statistics: network.statistics,
      buffers,
      params,
    });
    const x: Activation = { shape, tensor, wanted: false };
    builder.copy(this.#kept.record(trace, network, x), this.#batchRows[run]);
  }

  destroy(): void {
    for (const buffer of [this.#identity, this.#uniforms.buffer, ...this.#batchRows]) {
      this.device.free(buffer);
    }
    for (const buffer of this.#batchOrders.values()) this.device.free(buffer);
  }
}

function rowFloats(outputs: number): number {
  return Math.ceil(outputs / 4) * 4;
}

function withoutPadding(
  rows: Float32Array,
  count: number,
  outputs: number,
): Float32Array<ArrayBuffer> {
  const row = rowFloats(outputs);
  const result = new Float32Array(count * outputs);
  for (let n = 0; n < count; n++) {
    result.set(rows.subarray(n * row, n * row + outputs), n * outputs);
  }
  return result;
}

/** Bytes that the largest activation of an evaluated batch may take. */
const EVALUATION_BYTES = 32 * 2 ** 20;

/**
 * Batch at which networks are applied: no smaller than asked for, and up to 64 while activations
 * stay small, since each batch moves every weight once. Results of an item depend on it by rounding
 * alone, where a convolution takes another way with fewer pixels.
 */
export function evaluationBatch(networks: readonly Network[], asked: number): number {
  const perImage = Math.max(
    ...networks.flatMap((network) =>
      network.summarise().map(({ output }) => activationBytes({ ...output, batch: 1 }))
    ),
  );
  return Math.max(asked, Math.min(64, Math.floor(EVALUATION_BYTES / perImage)));
}
