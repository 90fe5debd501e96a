/** Weights to begin with, and weights to keep. */
import { DataError } from "../../errors.ts";
import { readSafetensors, writeSafetensors } from "../../formats/safetensors.ts";
import type { Network } from "../../nn/network.ts";
import type { Outputs } from "../../nn/predictor.ts";
import {
  diffState,
  exportState,
  importState,
  type NetworkState,
  type StateDict,
  withOurNames,
} from "../../nn/state_dict.ts";

/** A network's weights under PyTorch's names; the file tells after which epoch, from 0. */
export function encodeWeights(network: Network, state: NetworkState, epoch: number): Uint8Array {
  return writeSafetensors(exportState(network, state), { epoch: String(epoch) });
}

/** What a network says of items, `logits` [items, outputs]. */
export function encodeOutputs({ logits, outputs }: Outputs): Uint8Array {
  const shape = [logits.length / outputs, outputs];
  return writeSafetensors({ logits: { dtype: "float32", shape, data: logits } });
}

/** The inverse of {@link encodeOutputs}. */
export function decodeOutputs(bytes: Uint8Array<ArrayBuffer>): Outputs {
  const { shape, data } = readSafetensors(bytes, "the outputs of a network").tensor("logits");
  return { logits: data as Float32Array<ArrayBuffer>, outputs: shape[1] };
}

/** State dict of a `.safetensors`, `.pt`, `.pth` or `.pth.tar` file. @throws {DataError} */
export async function readWeights(
  bytes: Uint8Array<ArrayBuffer>,
  subject: string,
): Promise<StateDict> {
  if (subject.endsWith(".safetensors")) {
    return readSafetensors(bytes, subject).tensors();
  }
  const { readTorch, stateDict } = await import("../../formats/torch_checkpoint.ts");
  return stateDict(readTorch(bytes, subject), subject);
}

/**
 * Weights of another training to start from. The fully connected head may be missing or of another
 * shape: it then starts at random; the convolutional trunk must fit, with nothing left over.
 *
 * @throws {DataError} listing what of the trunk is missing, unexpected or mis-shaped
 */
export function transferredState(
  network: Network,
  given: StateDict,
  seed: number,
  subject: string,
): { state: NetworkState; random: string[] } {
  const renamed = withOurNames(network, given);
  const { missing, misshaped, unexpected } = diffState(network, renamed);
  const random = [...missing, ...misshaped.map(({ name }) => name)];
  const isTrunk = (name: string) => !name.startsWith("fc");
  if ([...random, ...unexpected].some(isTrunk)) {
    // The trunk does not fit: the strict import says how.
    importState(network, given, subject);
  }
  if (random.length === network.parameters.tensors.length) {
    throw new DataError(subject, `holds no weights of ${network.architecture}`);
  }
  const state = importState(network, given, subject, { seed });
  return { state, random };
}

/** All but the last `unfrozen` layers (a weight and a bias each); nothing when 0. */
export function frozenParameters(network: Network, unfrozen: number): ReadonlySet<string> {
  if (unfrozen === 0) return new Set();
  const names = network.parameters.tensors.map(({ name }) => name);
  return new Set(names.slice(0, Math.max(0, names.length - 2 * unfrozen)));
}
