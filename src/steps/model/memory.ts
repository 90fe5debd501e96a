/** How many networks fit a device side by side. */
import { pixels } from "../../../kernels/tensors.ts";
import type { Device } from "../../gpu/device.ts";
import type { Network } from "../../nn/network.ts";

/** Bytes that networks side by side may take together; WebGPU does not report the memory of a device. */
const GROUP_BYTES = 4 * 2 ** 30;

/** Weights, gradients and two moments, each also as a texture; activations of a batch and their gradients. */
export function estimateTrainingBytes(network: Network, batchSize: number): number {
  return 32 * network.parameters.deviceLength + 8 * batchSize * activations(network);
}

/** Weights, also as a texture, and activations of a batch. */
export function estimateInferenceBytes(network: Network, batchSize: number): number {
  return 8 * network.parameters.deviceLength + 4 * batchSize * activations(network);
}

/** Floats of one image in all layers. */
function activations(network: Network): number {
  return network.summarise().reduce(
    (sum, { output }) => sum + output.channels * pixels(output),
    0,
  );
}

/**
 * How many networks, from the first on, fit together; at least one.
 *
 * @param needed bytes of each
 */
export function countSideBySide({ class: kind }: Device, needed: readonly number[]): number {
  // A software adapter uses the computer's memory, which a second device step may use too.
  const limit = kind === "software" ? GROUP_BYTES / 2 : GROUP_BYTES;
  let bytes = 0;
  let fitting = 0;
  for (const more of needed) {
    bytes += more;
    if (bytes > limit) break;
    fitting++;
  }
  return Math.max(1, fitting);
}
