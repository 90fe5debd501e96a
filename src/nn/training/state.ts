/** The state of a training: what a checkpoint holds, so that a resumed training gives the same bits. */
import type { BufferRange, Device } from "../../gpu/device.ts";
import type { RunBuffers } from "./buffers.ts";
import type { TrainerCounters, TrainerOptions, TrainerState, TrainingRun } from "./options.ts";
import type { Network } from "../network.ts";
import type { FlatLayout } from "../parameters.ts";
import { createScheduleState } from "../schedule.ts";
import type { NetworkState } from "../state_dict.ts";

/** Counters before the first batch. */
export function createCounters(runs: readonly TrainingRun[]): TrainerCounters {
  return {
    epoch: 0,
    batch: 0,
    step: 0,
    updates: 0,
    runs: runs.map(({ initial, network }) => ({
      schedule: createScheduleState(),
      losses: [],
      batches: [
        ...(initial?.batches ?? network.batchNorms.map((name): [string, number] => [name, 0])),
      ].filter(([name]) => !network.unused.has(`${name}.weight`)),
    })),
  };
}

/** Names of the buffers that a network's own weights file holds. */
export const WEIGHTS: ReadonlySet<string> = new Set(["parameters", "statistics"]);

/** Lists the buffers of a run that a checkpoint holds, with the layout of each. */
function listStored(
  { parameters, statistics, moment1, moment2, gradients }: RunBuffers,
  network: Network,
  accumulationSteps = 1,
): { name: string; buffer: BufferRange; layout: FlatLayout }[] {
  const layout = network.parameters;
  return [
    { name: "parameters", buffer: parameters, layout },
    { name: "statistics", buffer: statistics, layout: network.statistics },
    ...(moment1 ? [{ name: "moment1", buffer: moment1, layout }] : []),
    ...(moment2 ? [{ name: "moment2", buffer: moment2, layout }] : []),
    ...(accumulationSteps > 1 ? [{ name: "gradients", buffer: gradients, layout }] : []),
  ];
}

/**
 * Reads back every buffer that a checkpoint holds.
 *
 * @param withoutWeights runs whose parameters and statistics are left out
 */
export async function readTensors(
  device: Device,
  { runs, accumulationSteps }: TrainerOptions,
  buffers: readonly RunBuffers[],
  withoutWeights: ReadonlySet<number>,
): Promise<TrainerState["tensors"]> {
  const tensors: TrainerState["tensors"] = new Map();
  for (const [i, { network }] of runs.entries()) {
    for (const { name, buffer, layout } of listStored(buffers[i], network, accumulationSteps)) {
      if (withoutWeights.has(i) && WEIGHTS.has(name)) continue;
      tensors.set(`${i}.${name}`, layout.toHost(await device.readFloats(buffer)));
    }
  }
  return tensors;
}

/**
 * Writes a checkpoint's tensors into the buffers.
 *
 * @throws {RangeError} a checkpoint of another network or optimizer
 */
export function restoreTensors(
  device: Device,
  { runs, accumulationSteps }: TrainerOptions,
  buffers: readonly RunBuffers[],
  { tensors }: TrainerState,
): void {
  for (const [i, { label, network }] of runs.entries()) {
    for (const { name, buffer, layout } of listStored(buffers[i], network, accumulationSteps)) {
      const saved = tensors.get(`${i}.${name}`);
      if (saved?.length !== layout.length) {
        throw new RangeError(`The checkpoint does not fit ${label}: ${name}`);
      }
      device.write(buffer, layout.toDevice(saved));
    }
  }
}

/** Reads back the weights and statistics of a run, for `exportState`. */
export async function readNetworkState(
  device: Device,
  network: Network,
  { parameters, statistics }: RunBuffers,
  batches: readonly [string, number][],
): Promise<NetworkState> {
  return {
    parameters: network.parameters.toHost(await device.readFloats(parameters)),
    statistics: await device.readFloats(statistics),
    batches: new Map(batches),
  };
}
