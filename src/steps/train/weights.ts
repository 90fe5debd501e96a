/** Weights to begin with, and weights to keep. */
import { DataError } from "../../errors.ts";
import { readSafetensors, writeSafetensors } from "../../formats/safetensors.ts";
import type { Network } from "../../nn/network.ts";
import type { NetworkOutputs } from "../../nn/predictor.ts";
import {
  diffState,
  exportState,
  importState,
  type NetworkState,
  type StateDict,
  translateClinicadlNames,
} from "../../nn/state_dict.ts";
import { nameSome } from "../../tables/session_table.ts";

/** A network's weights under PyTorch's names; the file tells after which epoch, from 0. */
export function encodeWeights(network: Network, state: NetworkState, epoch: number): Uint8Array {
  return writeSafetensors(exportState(network, state), { epoch: String(epoch) });
}

/** What a network says of items, `logits` [items, outputs]. */
export function encodeOutputs({ logits, outputs }: NetworkOutputs): Uint8Array {
  const shape = [logits.length / outputs, outputs];
  return writeSafetensors({ logits: { dtype: "float32", shape, data: logits } });
}

/** The inverse of {@link encodeOutputs}. */
export function decodeOutputs(bytes: Uint8Array<ArrayBuffer>): NetworkOutputs {
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
 * What of a network begins at random with these weights: of the fully connected head whatever is
 * missing or of another shape. The convolutional trunk must fit, with nothing left over.
 *
 * @param given names and shapes
 * @throws {DataError} listing what of the trunk is missing, unexpected or mis-shaped
 */
export function beginsAtRandom(network: Network, given: StateDict, subject: string): string[] {
  const { missing, misshaped, unexpected } = diffState(
    network,
    translateClinicadlNames(network, given),
  );
  const isTrunk = (name: string) => !name.startsWith("fc");
  const problems = {
    "missing": missing.filter(isTrunk),
    "unexpected": unexpected.filter(isTrunk),
    "of another shape": misshaped.filter(({ name }) => isTrunk(name)).map(
      ({ name, expected, found }) =>
        `${name} is [${found.join(", ")}], not [${expected.join(", ")}]`,
    ),
  };
  const told = Object.entries(problems).filter(([, names]) => names.length > 0)
    .map(([problem, names]) => `${problem}: ${nameSome(names, 5)}`);
  if (told.length > 0) {
    throw new DataError(
      subject,
      `the weights don't fit ${network.architecture} (${told.join("; ")})`,
    );
  }
  return [...missing, ...misshaped.map(({ name }) => name)];
}

/**
 * Weights of another training to start from, see {@link beginsAtRandom}.
 *
 * @throws {DataError} when the trunk does not fit, or nothing does
 */
export function transferredState(
  network: Network,
  given: StateDict,
  seed: number,
  subject: string,
): { state: NetworkState; random: string[] } {
  const random = beginsAtRandom(network, given, subject);
  if (random.length === network.parameters.tensors.length) {
    throw new DataError(subject, `holds no weights of ${network.architecture}`);
  }
  return { state: importState(network, given, subject, { seed }), random };
}

/** All but the last `unfrozen` layers (a weight and a bias each); nothing when 0. */
export function frozenParameters(network: Network, unfrozen: number): ReadonlySet<string> {
  if (unfrozen === 0) return new Set();
  const names = network.parameters.tensors.map(({ name }) => name);
  return new Set(names.slice(0, Math.max(0, names.length - 2 * unfrozen)));
}
