/** Losses of a training: read back from the device, with a clear word on one that is not finite. */
import { DeviceError } from "../../errors.ts";
import type { Device } from "../../gpu/device.ts";
import type { RunBuffers } from "./buffers.ts";
import type { TrainerCounters } from "./options.ts";

/**
 * Reads one run's losses of the batches from `from` on that are trained.
 *
 * @param watched names of the layers, by their place in the run's `faults`
 * @throws {DeviceError} a loss that is not finite: step, batch and the layer where it began
 */
export async function readLosses(
  device: Device,
  label: string,
  buffers: RunBuffers,
  counters: TrainerCounters,
  from: number,
  watched: readonly string[],
): Promise<Float32Array> {
  const count = counters.batch - from;
  if (count <= 0) return new Float32Array(0);
  const losses = await device.readFloats(buffers.losses, from * 4, count);
  const broken = losses.findIndex((loss) => !Number.isFinite(loss));
  if (broken < 0) return losses;
  const batch = from + broken;
  const faults = new Uint32Array(await device.read(buffers.faults));
  // Where a layer found all finite, its fault is 0.
  const steps = [...faults.subarray(0, watched.length)].map((at) => at || Infinity);
  const earliest = Math.min(...steps);
  const layer = watched[steps.indexOf(earliest)];
  const { epoch, step, batch: done } = counters;
  const began = Number.isFinite(earliest) ? earliest - 1 : step - done + batch;
  throw new DeviceError(
    `The loss of ${label} is ${
      losses[broken]
    } in epoch ${epoch}, batch ${batch}; the first value ` +
      `that is not finite appeared at step ${began}${layer ? ` in layer ${layer}` : ""}. ` +
      "Take a smaller learning_rate, or look for extreme values in the data",
  );
}

/** Mean over the samples of an epoch, from the mean of each batch. */
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
