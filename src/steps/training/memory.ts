/** How many networks go side by side on a device. */
import type { Network } from "../../nn/network.ts";

/** Bytes that networks side by side may take together; WebGPU does not tell what a device has. */
const GROUP_BYTES = 4 * 2 ** 30;

/** Weights, gradients and two moments, each also as texels; activations of a batch and their gradients. */
function trainingBytes(network: Network, batchSize: number): number {
  const values = network.summarise().reduce(
    (sum, { output }) => sum + output.channels * output.height * output.width,
    0,
  );
  return 32 * network.parameters.deviceLength + 8 * batchSize * values;
}

/** How many of the networks, from the first on, fit together; at least one. */
export function sideBySide(networks: readonly Network[], batchSize: number): number {
  let bytes = 0;
  let fitting = 0;
  for (const network of networks) {
    bytes += trainingBytes(network, batchSize);
    if (bytes > GROUP_BYTES) break;
    fitting++;
  }
  return Math.max(1, fitting);
}
