/**
 * Applying networks in evaluation mode: logits of every item, in order, the same bits every time.
 *
 * ```ts ignore
 * const [outputs] = await infer(device, {
 *   data, normalisation: "element", batchSize: 32,
 *   runs: [{ network, weights: importState(network, dict, "model.safetensors"), items }],
 * });
 * const shares = probabilities(outputs);
 * ```
 */
import { Arena } from "../gpu/arena.ts";
import type { Device } from "../gpu/device.ts";
import { type Dataset, DeviceDataset, type Normalisation } from "./data.ts";
import { softmax } from "./loss.ts";
import type { Network } from "./network.ts";
import { type Kept, logitsOf, type Outputs, Predictor } from "./predictor.ts";
import type { NetworkState } from "./state_dict.ts";

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
export async function infer(device: Device, options: InferOptions): Promise<Outputs[]> {
  return await withPredictor(
    device,
    options,
    logitsOf,
    (predictor, items) => predictor.predict(items, options.signal),
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

/** Softmax of each row of logits, in float64: `[items][outputs]`. */
export function probabilities({ logits, outputs }: Outputs): Float64Array {
  const result = new Float64Array(logits.length);
  for (let at = 0; at < logits.length; at += outputs) {
    result.set(softmax(logits.subarray(at, at + outputs)), at);
  }
  return result;
}
