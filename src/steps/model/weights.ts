/** Weights that come from outside, and whether they fit a network. */
import { writeWeights } from "../../artifacts/model.ts";
import { readFile } from "../../disk/read.ts";
import { DataError } from "../../errors.ts";
import { readSafetensors } from "../../formats/safetensors.ts";
import type { Network } from "../../nn/network.ts";
import { createNetwork, takesImages } from "../../nn/networks/mod.ts";
import {
  checkWeights,
  diffState,
  exportState,
  type NetworkState,
  type StateDict,
  translateClinicadlNames,
} from "../../nn/state_dict.ts";
import { nameSome } from "../../tables/session_table.ts";

/** A network's weights as a file of a model. @param epoch after which they were taken, from 0 */
export function encodeWeights(network: Network, state: NetworkState, epoch: number): Uint8Array {
  return writeWeights(exportState(network, state), epoch);
}

/** State dict of a `.safetensors`, `.pt`, `.pth` or `.pth.tar` file. @throws {DataError} */
export async function readWeightsFile(
  bytes: Uint8Array<ArrayBuffer>,
  subject: string,
): Promise<StateDict> {
  const { readTorch, stateDict, unwrapNames } = await import("../../formats/torch_checkpoint.ts");
  if (subject.endsWith(".safetensors")) {
    return unwrapNames(readSafetensors(bytes, subject).tensors());
  }
  return stateDict(readTorch(bytes, subject), subject);
}

/**
 * Compares weights with a network. The convolutional backbone must fit, with nothing left over.
 *
 * @param given names and shapes
 * @returns parameters of the fully connected head that are missing or of another shape
 * @throws {DataError} listing what of the backbone is missing, unexpected or of another shape
 */
export function matchBackbone(network: Network, given: StateDict, subject: string): string[] {
  const { missing, misshaped, unexpected } = diffState(
    network,
    translateClinicadlNames(network, given),
  );
  const isBackbone = (name: string) => !name.startsWith("fc");
  const problems = {
    "missing": missing.filter(isBackbone),
    "unexpected": unexpected.filter(isBackbone),
    "of another shape": misshaped.filter(({ name }) => isBackbone(name)).map(
      ({ name, expected, found }) =>
        `${name} is [${found.join(", ")}], not [${expected.join(", ")}]`,
    ),
  };
  const lists = Object.entries(problems).filter(([, names]) => names.length > 0)
    .map(([problem, names]) => `${problem}: ${nameSome(names, 5)}`);
  if (lists.length > 0) {
    throw new DataError(
      subject,
      `the weights don't fit ${network.architecture} (${lists.join("; ")})`,
    );
  }
  return [...missing, ...misshaped.map(({ name }) => name)];
}

/** Sizes at which backbones are compared: every architecture takes the one or the other. */
const PROBE_IMAGE = [224, 224] as const;
const PROBE_VOLUME = [64, 64, 64] as const;

/** A network that serves to compare a backbone, which does not depend on the images' extent. */
function probe(architecture: string, channels: number): Network {
  const input = takesImages(architecture)
    ? [channels, ...PROBE_IMAGE] as const
    : [channels, ...PROBE_VOLUME] as const;
  return createNetwork(architecture, input, 2);
}

/** @throws {DataError} when the file is no checkpoint, as {@link matchBackbone} and {@link checkWeights} */
export async function checkWeightsFile(architecture: string, path: string): Promise<void> {
  const given = await readWeightsFile(await readFile(path), path);
  const network = probe(architecture, 1);
  const first = network.parameters.tensors[0].name;
  const channels = given.get(first)?.shape[1] ?? given.get(network.exportName(first))?.shape[1];
  matchBackbone(channels ? probe(architecture, channels) : network, given, path);
  checkWeights(given, path);
}

/** @throws {DataError} when the backbones of two architectures differ */
export function checkTransfer(from: string, to: string): void {
  if (from === to) return;
  const { parameters, statistics } = probe(from, 1);
  const given: StateDict = new Map(
    [...parameters.tensors, ...statistics.tensors].map(({ name, shape }) =>
      [name, { dtype: "float32", shape, data: new Float32Array() }] as const
    ),
  );
  matchBackbone(probe(to, 1), given, "the model to transfer from");
}
