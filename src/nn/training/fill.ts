/** Uploads what a training starts from. */
import type { Device } from "../../gpu/device.ts";
import type { TrainingBuffers } from "./buffers.ts";
import type { TrainerOptions } from "./options.ts";
import { restoreTensors } from "./state.ts";
import { createInitialState } from "../state_dict.ts";

/**
 * Uploads the data set, and the weights of the checkpoint, the given or the random ones.
 *
 * @throws {RangeError} a checkpoint of another network or optimizer
 */
export async function fillBuffers(
  device: Device,
  options: TrainerOptions,
  { data, runs }: TrainingBuffers,
): Promise<void> {
  await data.fill();
  if (options.resume) {
    restoreTensors(device, options, runs, options.resume);
    return;
  }
  for (const [i, { network, seed, initial }] of options.runs.entries()) {
    const { parameters, statistics } = initial ?? createInitialState(network, seed);
    device.write(runs[i].parameters, network.parameters.toDevice(parameters));
    device.write(runs[i].statistics, statistics);
  }
}
