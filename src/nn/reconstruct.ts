/**
 * Applies autoencoders in evaluation mode, where the code of a variational one is its mean: the same bits
 * every time.
 *
 * ```ts ignore
 * const runs = [{ network: createAutoencoder("AE_Conv5_FC3", [1, 80, 96, 80]), weights, items }];
 * await reconstruct(device, { data, batchSize: 2, runs }, ({ item, input, output, latent }) => { ... });
 * ```
 */
import { toRows } from "../../kernels/autoencoder/rows.ts";
import type { Device } from "../gpu/device.ts";
import { type InferOptions, withPredictor } from "./infer.ts";
import type { Predictor, Readout } from "./predictor.ts";
import {
  asAutoencoder,
  checkObjective,
  errorsOf,
  errorsReadout,
  type ReconstructionErrors,
  type ReconstructionObjective,
} from "./reconstruction.ts";

/** One item and what a network made of it. */
export interface Reconstruction {
  /** Index of the network and of the item in the data set. */
  run: number;
  item: number;
  /** C x H x W or C x D x H x W values as the network saw them, and as it gave them. */
  input: Float32Array;
  output: Float32Array;
  /** The code; of a variational autoencoder its mean. */
  latent: Float32Array;
}

/** Reads back input, output and code of each item, one after another. */
export const reconstructionReadout: Readout = {
  rowLength(network) {
    const { outputs, latentLength } = asAutoencoder(network);
    return 2 * outputs + latentLength;
  },
  record(trace, network, x) {
    const { outputs } = network;
    const rowLength = this.rowLength(network);
    const y = network.record(trace, x);
    const code = trace.latent?.mean;
    if (!code) throw new TypeError(`${network.architecture} has no code`);
    const rows = trace.program.tensor("reconstructions", x.shape.batch * rowLength * 4);
    for (const [i, { shape, tensor }] of [x, y, code].entries()) {
      const label = ["input", "output", "code"][i];
      const options = { shape, activation: tensor, rows, rowLength, first: i * outputs, label };
      toRows(trace.program, options);
    }
    return rows;
  },
};

/**
 * Calls `use` with the reconstruction of every run's items, batch by batch, in their order; nothing is kept.
 *
 * @throws {RangeError} a network that doesn't reconstruct
 * @throws {DeviceError} too little memory, or a device that failed
 */
export async function reconstruct(
  device: Device,
  options: InferOptions,
  use: (reconstruction: Reconstruction) => void | Promise<void>,
): Promise<void> {
  await withPredictor(
    device,
    options,
    reconstructionReadout,
    (predictor, items) => readReconstructions(predictor, items, use, options.signal),
  );
}

/** The same by a predictor whose readout is {@link reconstructionReadout}. */
export async function readReconstructions(
  predictor: Predictor,
  items: readonly Uint32Array[],
  use: (reconstruction: Reconstruction) => void | Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const { runs, batchSize } = predictor.options;
  const longest = Math.max(0, ...items.map((list) => list.length));
  for (let first = 0; first < longest; first += batchSize) {
    const batch = items.map((list) => list.subarray(first, first + batchSize));
    const rows = await predictor.readRows(batch, signal);
    for (const [run, { network }] of runs.entries()) {
      const { outputs } = network;
      const rowLength = reconstructionReadout.rowLength(network);
      for (const [i, item] of batch[run].entries()) {
        const row = rows[run].subarray(i * rowLength, (i + 1) * rowLength);
        await use({
          run,
          item,
          input: row.subarray(0, outputs),
          output: row.subarray(outputs, 2 * outputs),
          latent: row.subarray(2 * outputs),
        });
      }
    }
  }
}

/**
 * Computes the errors of every run's items; no reconstruction leaves the device.
 *
 * @throws {RangeError} an objective that does not fit a network
 * @throws {DeviceError} too little memory, or a device that failed
 */
export async function evaluateReconstruction(
  device: Device,
  options: InferOptions,
  objective: ReconstructionObjective,
): Promise<ReconstructionErrors[]> {
  for (const { network } of options.runs) checkObjective(objective, network);
  const rows = await withPredictor(
    device,
    options,
    errorsReadout(objective),
    (predictor, items) => predictor.readRows(items, options.signal),
  );
  return options.runs.map(({ network }, run) => errorsOf(objective, network, rows[run]));
}
