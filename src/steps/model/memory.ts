/** What networks take of a device's memory, how much there is, and how many fit side by side. */
import { freeMemory } from "../../disk/free_memory.ts";
import { DeviceError } from "../../errors.ts";
import type { Device } from "../../gpu/device.ts";
import { type PlannedFor, plannedFor } from "../../gpu/planning_device.ts";
import { type MemoryUse, planInference, planTraining, type TrainingPlan } from "../../nn/memory.ts";
import type { Network } from "../../nn/network.ts";
import { mostResidentBytes } from "../../nn/dataset.ts";

/** Bytes that networks side by side may take together; WebGPU does not report the memory of a device. */
const GROUP_BYTES = 4 * 2 ** 30;

/** A software adapter uses the computer's memory, which a second device step may use too. */
function shareOf({ class: kind }: Pick<Device, "class">, bytes: number): number {
  return kind === "software" ? bytes / 2 : bytes;
}

/** Bytes to train a network on a device; infinite where a tensor exceeds a limit of the device. */
export async function trainingMemory(device: Device, plan: TrainingPlan): Promise<number> {
  return await plannedTrainingMemory(plannedFor(device), plan);
}

/** The same for a device that need not be open. */
export async function plannedTrainingMemory(
  device: PlannedFor,
  plan: TrainingPlan,
): Promise<number> {
  const { network, ...rest } = plan;
  return await ask(["training", network, rest], device, () => planTraining(device, plan));
}

/** Bytes to apply a network to batches; infinite where a tensor exceeds a limit of the device. */
export async function inferenceMemory(
  device: Device,
  network: Network,
  batchSize: number,
): Promise<number> {
  const planned = plannedFor(device);
  const plan = () => planInference(planned, network, batchSize);
  return await ask(["inference", network, batchSize], planned, plan);
}

/** Networks of equal layers, such as those of the elements of an image, are planned once. */
const plans = new Map<string, Promise<number>>();

function ask(
  [kind, network, rest]: [kind: string, network: Network, rest: unknown],
  { info, table, limits }: PlannedFor,
  plan: () => Promise<MemoryUse>,
): Promise<number> {
  const { maxBufferSize, maxStorageBufferBindingSize } = limits;
  const device = [info, table, maxBufferSize, maxStorageBufferBindingSize];
  const key = JSON.stringify([kind, network.input, network.summarise(), rest, device]);
  let bytes = plans.get(key);
  if (!bytes) {
    bytes = plan().then(({ total }) => total, (error) => {
      if (error instanceof DeviceError) return Infinity;
      throw error;
    });
    plans.set(key, bytes);
  }
  return bytes;
}

/** Bytes that a device has left; infinite where that is not known, as of every GPU. */
export function bytesLeft({ class: kind }: Pick<Device, "class">): number {
  return kind === "software" ? freeMemory() ?? Infinity : Infinity;
}

/** Bytes of a data set that stay on a device: the rest is streamed, which changes no result. */
export function residentBytes(device: Device): number {
  return Math.min(mostResidentBytes(device), bytesLeft(device) / 4);
}

/**
 * How many networks, from the first on, fit together; at least one.
 *
 * @param needed bytes of each
 */
export function countSideBySide(
  device: Pick<Device, "class">,
  needed: readonly number[],
  left = bytesLeft(device),
): number {
  const limit = shareOf(device, Math.min(GROUP_BYTES, left));
  let bytes = 0;
  let fitting = 0;
  for (const more of needed) {
    bytes += more;
    if (bytes > limit) break;
    fitting++;
  }
  return Math.max(1, fitting);
}

/**
 * The batch size asked for, halved until a batch fits; at least one. What is left of the memory does not
 * count: results depend on a batch's size by rounding, and a repetition must give the same.
 *
 * @param bytesOf a batch of a size
 */
export async function fittingBatch(
  device: Pick<Device, "class">,
  asked: number,
  bytesOf: (batchSize: number) => Promise<number>,
): Promise<number> {
  const limit = shareOf(device, GROUP_BYTES);
  let size = asked;
  while (size > 1 && await bytesOf(size) > limit) size = Math.ceil(size / 2);
  return size;
}
