/** The memory of a device that training or applying a network takes, from the plan that allocates it. */
import { Arena } from "../gpu/arena.ts";
import { type PlannedFor, planningDevice } from "../gpu/planning_device.ts";
import { Autoencoder } from "./autoencoder.ts";
import { type Dataset, DeviceDataset } from "./dataset.ts";
import { inputShape, type Network } from "./network.ts";
import type { OptimizerOptions } from "./optimizer.ts";
import { chooseEvaluationBatch, Predictor } from "./predictor.ts";
import { reconstructionReadout } from "./reconstruct.ts";
import { errorsReadout, type ReconstructionObjective } from "./reconstruction.ts";
import { openBuffers } from "./training/buffers.ts";
import { TrainingPrograms } from "./training/programs.ts";
import type { TrainerOptions } from "./training/options.ts";

/** Bytes; data that stay on the device come on top. */
export interface MemoryUse {
  /** Parameters and statistics; in training also gradients and the optimizer's moments. */
  parameters: number;
  /** A batch as it is stored, activations, their gradients, and what kernels need meanwhile. */
  activations: number;
  total: number;
}

/** What a training's memory depends on. */
export interface TrainingPlan {
  network: Network;
  batchSize: number;
  optimizer: OptimizerOptions;
  accumulationSteps?: number;
  augmentation?: TrainerOptions["augmentation"];
  storage?: TrainerOptions["storage"];
}

/**
 * Plans training steps and the evaluations between them.
 *
 * @throws {DeviceError} a tensor that exceeds a limit of the device
 */
export async function planTraining(device: PlannedFor, plan: TrainingPlan): Promise<MemoryUse> {
  const { network, batchSize, ...rest } = plan;
  const { device: planning, counted } = planningDevice(device);
  const items = Uint32Array.from({ length: batchSize }, (_, i) => i);
  const objective = objectiveOf(network);
  const options: TrainerOptions = {
    ...rest,
    batchSize,
    data: unreadData(network, batchSize),
    residentBytes: 0,
    runs: [{ label: network.architecture, network, items, seed: 0 }],
    ...(objective ? { loss: objective } : {
      loss: "cross_entropy",
      targets: new Uint32Array(batchSize),
    }),
  };
  const buffers = openBuffers(planning, options);
  const batchBytes = buffers.data.bytes;
  const parameters = counted.bytes - batchBytes;
  const arena = new Arena(planning);
  await new TrainingPrograms(planning, options, buffers, arena).reserveStep(batchSize);
  const evaluated = chooseEvaluationBatch([network], batchSize);
  const predictor = new Predictor(planning, buffers.data, {
    batchSize: evaluated,
    runs: [{ network, buffers: buffers.runs[0] }],
    arena,
    readout: objective && errorsReadout(objective),
    storage: rest.storage,
  });
  await predictor.reserve(evaluated);
  return { parameters, activations: counted.bytes - parameters, total: counted.bytes };
}

/**
 * Plans the application of a network to batches.
 *
 * @throws {DeviceError} a tensor that exceeds a limit of the device
 */
export async function planInference(
  device: PlannedFor,
  network: Network,
  batchSize: number,
): Promise<MemoryUse> {
  const { device: planning, counted } = planningDevice(device);
  const buffers = {
    parameters: planning.buffer("parameters", network.parameters.deviceLength * 4),
    statistics: planning.buffer("statistics", network.statistics.deviceLength * 4),
  };
  const parameters = counted.bytes;
  const data = new DeviceDataset(planning, unreadData(network, batchSize), {
    streams: 1,
    batchSize,
    residentBytes: 0,
  });
  const runs = [{ network, buffers }];
  const predictor = new Predictor(planning, data, {
    batchSize,
    runs,
    arena: new Arena(planning),
    readout: network instanceof Autoencoder ? reconstructionReadout : undefined,
  });
  await predictor.reserve(batchSize);
  if (network instanceof Autoencoder) {
    // A batch of reconstructions, and the buffer through which the host reads them.
    const bytes = batchSize * reconstructionReadout.rowLength(network) * 4;
    for (const name of ["results", "read"]) planning.buffer(name, bytes);
  }
  return { parameters, activations: counted.bytes - parameters, total: counted.bytes };
}

/** A loss of an autoencoder; all of them take the same memory. */
function objectiveOf(network: Network): ReconstructionObjective | undefined {
  if (!(network instanceof Autoencoder)) return;
  return { name: network.variational ? "gaussian" : "mse" };
}

/** Items of one channel, as data sets have them. */
function unreadData({ input: [, ...sides] }: Network, count: number): Dataset {
  return {
    shape: inputShape([1, ...sides]),
    count,
    normalisation: "element",
    read: () => new Float32Array(0),
  };
}
