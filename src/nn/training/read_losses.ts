/** Reads the losses of a training back from the device, and reports where one became non-finite. */
import { DeviceError } from "../../errors.ts";
import type { Device } from "../../gpu/device.ts";
import type { RunBuffers } from "./buffers.ts";
import type { TrainerCounters } from "./options.ts";

/**
 * Reads one run's losses of the trained batches from batch `from` on.
 *
 * @param label of the run, for errors
 * @param checkedLayers names of the layers, by their index in the run's `nonFiniteSteps`
 * @throws {DeviceError} for a loss that is not finite: step, batch and the first non-finite layer
 */
export async function readLosses(
  device: Device,
  label: string,
  buffers: RunBuffers,
  counters: TrainerCounters,
  from: number,
  checkedLayers: readonly string[],
): Promise<Float32Array> {
  const count = counters.batch - from;
  if (count <= 0) return new Float32Array(0);
  const losses = await device.readFloats(buffers.losses, from * 4, count);
  const nonFinite = losses.findIndex((loss) => !Number.isFinite(loss));
  if (nonFinite < 0) return losses;
  const batch = from + nonFinite;
  const nonFiniteSteps = new Uint32Array(await device.read(buffers.nonFiniteSteps));
  const steps = [...nonFiniteSteps.subarray(0, checkedLayers.length)].map((step) =>
    step || Infinity
  );
  const earliest = Math.min(...steps);
  const layer = checkedLayers[steps.indexOf(earliest)];
  const { epoch, step, batch: trained } = counters;
  const firstStep = Number.isFinite(earliest) ? earliest - 1 : step - trained + batch;
  throw new DeviceError(
    `The loss of ${label} is ${
      losses[nonFinite]
    } in epoch ${epoch}, batch ${batch}; the first value ` +
      `that is not finite appeared at step ${firstStep}${layer ? ` in layer ${layer}` : ""}. ` +
      "Take a smaller learning_rate, or look for extreme values in the data",
  );
}

/** Mean over the samples of an epoch, from the mean of each batch; the last may be smaller. */
export function meanOverSamples(
  losses: readonly number[],
  batchSize: number,
  samples: number,
): number {
  const sum = losses.reduce((total, loss, batch) => {
    const size = Math.min(batchSize, samples - batch * batchSize);
    return total + loss * size;
  }, 0);
  return sum / samples;
}
