/**
 * Applying networks in evaluation mode: logits of every item, in order, the same bits every time.
 *
 * ```ts ignore
 * const [{ logits, probabilities }] = await infer(device, {
 *   data, normalisation: "element", batchSize: 32,
 *   runs: [{ network, weights: importState(network, dict, "model.safetensors"), items }],
 * });
 * ```
 */
import { gatherBatch } from "../../kernels/gather.ts";
import { isClassLoss, type LossName } from "../../kernels/loss.ts";
import { activationBytes } from "../../kernels/tensors.ts";
import { Arena } from "../gpu/arena.ts";
import type { Device, DeviceBuffer } from "../gpu/device.ts";
import { Pacer } from "../gpu/pacer.ts";
import { type Operand, type Program, ProgramBuilder } from "../gpu/program.ts";
import { Uniforms } from "../gpu/uniforms.ts";
import { type Dataset, DeviceDataset, type Normalisation } from "./data.ts";
import { type Activation, type NetworkBuffers, Trace } from "./layer.ts";
import { classLoss, regressionLoss, softmax } from "./loss.ts";
import type { Network } from "./network.ts";
import type { NetworkState } from "./state_dict.ts";

/** Outputs of one network for its items. */
export interface Predictions {
  /** `[items][outputs]`, in the order of the items. */
  logits: Float32Array;
  outputs: number;
  /** Mean over the items, as the training loss defines it; NaN without targets. */
  loss: number;
}

export interface InferOptions {
  data: Dataset;
  normalisation: Normalisation;
  batchSize: number;
  runs: readonly { network: Network; weights: NetworkState; items: Uint32Array }[];
  signal?: AbortSignal;
  /** Bytes of the data set that may stay on the device; more is streamed. */
  residentBytes?: number;
}

/**
 * Logits of every run's items.
 *
 * @throws {DeviceError} too little memory, or a device that failed
 */
export async function infer(device: Device, options: InferOptions): Promise<Predictions[]> {
  return await withPredictor(
    device,
    options,
    logitsOf,
    (predictor, items) => predictor.predict(items, { signal: options.signal }),
  );
}

/**
 * Puts data and weights on the device for as long as `use` takes.
 *
 * @param kept what is taken from every item
 * @throws {DeviceError} too little memory, or a device that failed
 */
export async function withPredictor<T>(
  device: Device,
  { data, batchSize, normalisation, runs, residentBytes }: InferOptions,
  kept: Kept,
  use: (predictor: Predictor, items: Uint32Array[]) => Promise<T>,
): Promise<T> {
  const set = await DeviceDataset.open(device, data, {
    streams: runs.length,
    batchSize,
    limit: residentBytes,
  });
  const opened = runs.map(({ network, weights }) => ({
    network,
    buffers: {
      parameters: device.buffer("parameters", network.parameters.toDevice(weights.parameters)),
      statistics: device.buffer("statistics", weights.statistics),
    },
  }));
  const arena = new Arena(device);
  const predictor = new Predictor(device, set, {
    batchSize,
    normalisation,
    runs: opened,
    arena,
    kept,
  });
  try {
    return await use(predictor, runs.map(({ items }) => items));
  } finally {
    predictor.destroy();
    arena.destroy();
    set.destroy();
    for (const { buffers } of opened) {
      device.free(buffers.parameters);
      device.free(buffers.statistics);
    }
  }
}

/** What a predictor keeps of every item. */
export interface Kept {
  /** Floats of one item's row. */
  floats(network: Network): number;
  /** Records the network. @returns one row an item, of `floats` each */
  record(trace: Trace, network: Network, x: Activation): Operand;
}

/** Logits, padded to blocks of four. */
const logitsOf: Kept = {
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
  async predict(items: readonly Uint32Array[], { signal, loss }: {
    signal?: AbortSignal;
    loss?: {
      name: LossName;
      targets: Uint32Array | Float32Array;
      classWeights: readonly (readonly number[] | undefined)[];
    };
  } = {}): Promise<Predictions[]> {
    const rows = await this.rows(items, signal);
    return this.options.runs.map(({ network: { outputs } }, i) => {
      const logits = withoutPadding(rows[i], items[i].length, outputs);
      return {
        logits,
        outputs,
        loss: loss ? lossOver(loss, logits, outputs, items[i], loss.classWeights[i]) : NaN,
      };
    });
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
      const rows: Float32Array[] = [];
      for (let i = 0; i < group.length; i++) {
        const floats = count * this.#kept.floats(runs[group[i]].network);
        rows.push(await this.device.readFloats(results[i], 0, floats));
      }
      return rows;
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

function withoutPadding(rows: Float32Array, count: number, outputs: number): Float32Array {
  const row = rowFloats(outputs);
  const result = new Float32Array(count * outputs);
  for (let n = 0; n < count; n++) {
    result.set(rows.subarray(n * row, n * row + outputs), n * outputs);
  }
  return result;
}

function lossOver(
  { name, targets }: { name: LossName; targets: Uint32Array | Float32Array },
  logits: Float32Array,
  outputs: number,
  items: Uint32Array,
  classWeights?: readonly number[],
): number {
  if (isClassLoss(name)) {
    const classes = Uint32Array.from(items, (item) => targets[item]);
    return classLoss(name, logits, outputs, classes, classWeights);
  }
  const values = new Float64Array(items.length * outputs);
  items.forEach((item, n) => {
    for (let k = 0; k < outputs; k++) values[n * outputs + k] = targets[item * outputs + k];
  });
  return regressionLoss(name, logits, values);
}

/** Bytes that the largest activation of an evaluated batch may take. */
const EVALUATION_BYTES = 32 * 2 ** 20;

/**
 * Batch at which networks are applied: no smaller than asked for, and up to 64 while activations
 * stay small, since each batch moves every weight once. Results of an item do not depend on it.
 */
export function evaluationBatch(networks: readonly Network[], asked: number): number {
  const perImage = Math.max(
    ...networks.flatMap((network) =>
      network.summarise().map(({ output }) => activationBytes({ ...output, batch: 1 }))
    ),
  );
  return Math.max(asked, Math.min(64, Math.floor(EVALUATION_BYTES / perImage)));
}

/** Softmax of each row of logits, in float64: `[items][outputs]`. */
export function probabilities({ logits, outputs }: Predictions): Float64Array {
  const result = new Float64Array(logits.length);
  for (let at = 0; at < logits.length; at += outputs) {
    result.set(softmax(logits.subarray(at, at + outputs)), at);
  }
  return result;
}
