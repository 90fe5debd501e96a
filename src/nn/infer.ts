/**
 * Applies networks in evaluation mode: logits of every item, in order, the same bits every time.
 *
 * ```ts ignore
 * const [outputs] = await infer(device, {
 *   data, batchSize: 32,
 *   runs: [{ network, weights: importState(network, dict, "model.safetensors"), items }],
 * });
 * const rows = computeProbabilities(outputs);
 * ```
 */
import { Arena } from "../gpu/arena.ts";
import type { Device } from "../gpu/device.ts";
import { openParts } from "../gpu/parts.ts";
import { type Dataset, DeviceDataset } from "./dataset.ts";
import { softmax } from "./loss.ts";
import type { Network } from "./network.ts";
import { logitsReadout, type NetworkOutputs, Predictor, type Readout } from "./predictor.ts";
import type { NetworkState } from "./state_dict.ts";

/** Data, and the networks to apply: each with its weights and the items it is applied to. */
export interface InferOptions {
  data: Dataset;
  batchSize: number;
  runs: readonly { network: Network; weights: NetworkState; items: Uint32Array }[];
  signal?: AbortSignal;
  /** Bytes of the data set that may stay on the device; more is streamed. */
  residentBytes?: number;
}

/**
 * Computes the logits of every run's items.
 *
 * @throws {DeviceError} too little memory, or a device that failed
 */
export async function infer(device: Device, options: InferOptions): Promise<NetworkOutputs[]> {
  return await withPredictor(
    device,
    options,
    logitsReadout,
    (predictor, items) => predictor.predict(items, options.signal),
  );
}

/**
 * Keeps data and weights on the device until `use` has ended.
 *
 * @param readout which values of every item are read back
 * @param use gets the predictor and each run's items
 * @throws {DeviceError} too little memory, or a device that failed
 */
export async function withPredictor<T>(
  device: Device,
  { data, batchSize, runs, residentBytes }: InferOptions,
  readout: Readout,
  use: (predictor: Predictor, items: Uint32Array[]) => Promise<T>,
): Promise<T> {
  const set = new DeviceDataset(device, data, {
    streams: runs.length,
    batchSize,
    residentBytes,
  });
  const parameters = openParts(
    device,
    "parameters",
    runs.map(({ network, weights }) => network.parameters.toDevice(weights.parameters)),
  );
  const statistics = openParts(device, "statistics", runs.map(({ weights }) => weights.statistics));
  const opened = runs.map(({ network }, i) => ({
    network,
    buffers: { parameters: parameters[i], statistics: statistics[i] },
  }));
  const arena = new Arena(device);
  const predictor = new Predictor(device, set, {
    batchSize,
    runs: opened,
    arena,
    readout,
  });
  try {
    await set.fill();
    return await use(predictor, runs.map(({ items }) => items));
  } finally {
    predictor.destroy();
    arena.destroy();
    set.destroy();
    for (const buffer of [...parameters, ...statistics]) device.free(buffer);
  }
}

/** Computes the softmax of each row of logits, in float64: `[items][outputs]`. */
export function computeProbabilities({ logits, outputs }: NetworkOutputs): Float64Array {
  const result = new Float64Array(logits.length);
  for (let at = 0; at < logits.length; at += outputs) {
    result.set(softmax(logits.subarray(at, at + outputs)), at);
  }
  return result;
}
