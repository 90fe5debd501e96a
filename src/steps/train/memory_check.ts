/** Refuses a training that the device's memory does not hold, and reports what would fit. */
import { activationBytes } from "../../../kernels/tensors.ts";
import { askAdapter } from "../../device/adapter_memory.ts";
import { freeMemory } from "../../disk/free_memory.ts";
import { DataError } from "../../errors.ts";
import { classifyAdapter, megabytes } from "../../gpu/device.ts";
import { typicalDevice } from "../../gpu/planning_device.ts";
import { plannedTrainingMemory } from "../model/memory.ts";
import type { Network } from "../../nn/network.ts";
import type { TrainingParams } from "./parameters.ts";
import { optimizerOptions } from "./trainer_options.ts";
import type { TrainingPlan } from "../../nn/memory.ts";

/** Factors of a size reduction. */
const REDUCTIONS = [2, 3, 4, 5];

/** A training and the device that it is to fit. */
export interface FittedTraining {
  params: TrainingParams;
  network: Network;
  /** The network of images reduced by a factor; undefined where they can't be. */
  reduced(factor: number): Network | undefined;
  /** Bytes that a training takes; infinite where the device can't hold it at all. */
  bytesOf(plan: TrainingPlan): Promise<number>;
  /** Bytes that the device has left, infinite where they are not known. */
  left: number;
}

/**
 * The check before anything is computed. It asks for the adapter only where the memory that is left may
 * not do, and passes every GPU, whose memory is not known.
 *
 * @throws {DataError} as {@link checkMemory}
 */
export async function checkPlannedMemory(
  training: Omit<FittedTraining, "bytesOf" | "left">,
  left = freeMemory(),
): Promise<void> {
  const { network, params: { batch_size } } = training;
  if (left === undefined || boundBytes(network, batch_size) <= Math.min(left, SURE_BYTES)) return;
  const adapter = await askAdapter().catch(() => undefined);
  if (adapter === undefined || classifyAdapter(adapter) !== "software") return;
  const device = typicalDevice("software");
  const bytesOf = (plan: TrainingPlan) => plannedTrainingMemory(device, plan);
  await checkMemory({ ...training, bytesOf, left });
}

/** Bytes at which no tensor can be too large for a device. */
const SURE_BYTES = 2 ** 29;

/** More than any training takes: parameters and all activations several times over. */
function boundBytes(network: Network, batchSize: number): number {
  const activations = network.summarise().reduce(
    (sum, { output }) => sum + activationBytes({ ...output, batch: batchSize }),
    activationBytes(network.inputShape(batchSize)),
  );
  return 32 * network.parameters.deviceLength + 8 * activations;
}

/** @throws {DataError} when the training does not fit, with the changes of parameters that make it fit */
export async function checkMemory(training: FittedTraining): Promise<void> {
  const { params: { batch_size }, network, left } = training;
  const needed = await bytesAt(training, network, batch_size);
  if (fits(needed, left)) return;
  const takes = Number.isFinite(needed)
    ? `takes ${megabytes(needed)} of memory, and ${megabytes(left)} are left`
    : "makes a tensor larger than the device holds";
  throw new DataError(
    "batch_size",
    `${batch_size} of ${network.architecture} on ${network.input.join("x")} ${takes}; ` +
      await advise(training),
  );
}

function fits(bytes: number, left: number): boolean {
  return Number.isFinite(bytes) && bytes <= left;
}

/** Batches of this size, with as many steps accumulated as make up for a smaller one. */
function bytesAt(
  { params, bytesOf }: FittedTraining,
  network: Network,
  batchSize: number,
): Promise<number> {
  return bytesOf({
    network,
    batchSize,
    accumulationSteps: stepsAt(params, batchSize),
    optimizer: optimizerOptions(params),
    augmentation: params.data_augmentation,
    storage: params.storage,
  });
}

function stepsAt({ batch_size, accumulation_steps }: TrainingParams, batchSize: number): number {
  return Math.ceil(batch_size / batchSize) * accumulation_steps;
}

/** A smaller batch; where none fits, the least reduction of the images with which one does. */
async function advise(training: FittedTraining): Promise<string> {
  const { params, network, reduced } = training;
  const size = await largestBatch(training, network);
  if (size > 0) return `use ${batchText(params, size)}, or smaller images`;
  for (const factor of REDUCTIONS) {
    const smaller = reduced(factor);
    const reducedSize = smaller ? await largestBatch(training, smaller) : 0;
    if (reducedSize === 0) continue;
    const batch = reducedSize < params.batch_size ? ` and ${batchText(params, reducedSize)}` : "";
    return `no batch_size fits; use size_reduction with size_reduction_factor ${factor}${batch}`;
  }
  return "no batch_size fits; use smaller elements, such as patches, or a device with more memory";
}

function batchText(params: TrainingParams, size: number): string {
  return `batch_size ${size} with accumulation_steps ${stepsAt(params, size)}`;
}

/** The largest batch up to `batch_size` that fits, or 0. */
async function largestBatch(training: FittedTraining, network: Network): Promise<number> {
  let [fitting, exceeding] = [0, training.params.batch_size + 1];
  while (exceeding - fitting > 1) {
    const size = (fitting + exceeding) >> 1;
    if (fits(await bytesAt(training, network, size), training.left)) fitting = size;
    else exceeding = size;
  }
  return fitting;
}
