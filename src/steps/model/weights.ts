/** Weights that come from outside, and whether they fit a network. */
import { dimensionsOfElements } from "../../artifacts/element_shapes.ts";
import { writeWeights } from "../../artifacts/model.ts";
import { readFile } from "../../disk/read.ts";
import { DataError } from "../../errors.ts";
import { readSafetensors } from "../../formats/safetensors.ts";
import { dimensionsOf, type Network } from "../../nn/network.ts";
import {
  checkWeights,
  diffState,
  exportState,
  type NetworkState,
  type StateDict,
  translateClinicadlNames,
} from "../../nn/state_dict.ts";
import { transferConvolutions } from "../../nn/transfer.ts";
import { nameSome } from "../../tables/session_table.ts";
import { isAutoencoder } from "./autoencoder_parameters.ts";
import { type NetworkParameters, newNetwork, PROBES, takesSlices } from "./network.ts";

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

/** What a network can take of weights: between classification networks and autoencoders, convolutions. */
function ofOwnFamily(network: Network, given: StateDict, subject: string): StateDict {
  const foreign = isAutoencoder(network.architecture) ? "convolutions." : "encoder.";
  const isForeign = [...given.keys()].some((name) => name.startsWith(foreign));
  return isForeign ? transferConvolutions(network, given, subject) : given;
}

/** Weights as a network takes them, and what of it they leave at random. */
export interface MatchedWeights {
  weights: StateDict;
  /** Parameters of the head, or the decoder, that are missing or of another shape. */
  random: string[];
}

/**
 * Compares weights with a network. The convolutional backbone must fit, with nothing left over. Of
 * weights of a classification network an autoencoder takes the convolutions, and the reverse.
 *
 * @param given names and shapes
 * @param sized tensors whose shape is that of images which are not known yet
 * @throws {DataError} listing what of the backbone is missing, unexpected or of another shape
 */
export function matchBackbone(
  network: Network,
  given: StateDict,
  subject: string,
  sized: ReadonlySet<string> = new Set(),
): MatchedWeights {
  const weights = ofOwnFamily(network, given, subject);
  const { missing, misshaped, unexpected } = diffState(
    network,
    translateClinicadlNames(network, weights),
  );
  const isTransferred = weights !== given;
  const isBackbone = (name: string) =>
    !name.startsWith("fc") && !(isTransferred && name.startsWith("decoder."));
  const problems = {
    "missing": missing.filter(isBackbone),
    "unexpected": unexpected.filter(isBackbone),
    "of another shape": misshaped.filter(({ name }) => isBackbone(name) && !sized.has(name)).map(
      ({ name, expected, found }) =>
        `${name} is [${found.join(", ")}], not [${expected.join(", ")}]`,
    ),
  };
  const lists = Object.entries(problems).filter(([, names]) => names.length > 0)
    .map(([problem, names]) => `${problem}: ${nameSome(names, 5)}`);
  if (lists.length > 0) {
    const shortcuts = Object.values(problems).flat().every((name) => name.includes(".downsample."));
    throw new DataError(
      subject,
      `the weights don't fit ${network.architecture} (${lists.join("; ")})` +
        (shortcuts && dimensionsOf(network.input) === 3
          ? '; shortcut_type = "B" has these tensors, "A" has not'
          : ""),
    );
  }
  return { weights, random: [...missing, ...misshaped.map(({ name }) => name)] };
}

/** A network that serves to compare a backbone, at one of the sizes of images of `PROBES`. */
function probe(
  parameters: NetworkParameters,
  channels: number,
  dimensions: 2 | 3,
  size = PROBES[dimensions],
): Network {
  return newNetwork(parameters, [channels, ...size], 2);
}

/** Names of the tensors whose shape depends on the size of images. */
function namesSized(
  parameters: NetworkParameters,
  channels: number,
  dimensions: 2 | 3,
): Set<string> {
  const shapes = [1, 2].map((factor) => {
    const size = PROBES[dimensions].map((extent) => extent * factor);
    return probe(parameters, channels, dimensions, size).parameters.tensors;
  });
  return new Set(
    shapes[0].filter(({ shape }, at) => shape.join() !== shapes[1][at].shape.join())
      .map(({ name }) => name),
  );
}

/** The first convolution of ClinicaDL's networks, in either family. */
const FIRST_CONVOLUTIONS = ["convolutions.0.weight", "encoder.0.weight"];

/** Shape of a network's first convolution in weights of its own family or the other; empty without. */
function firstShape(network: Network, given: StateDict): readonly number[] {
  const { name } = network.parameters.tensors[0];
  const names = [name, network.exportName(name), ...FIRST_CONVOLUTIONS];
  return names.map((each) => given.get(each)?.shape).find((shape) => shape) ?? [];
}

/**
 * @param dimensions of the images, where they are known; otherwise the weights show them
 * @throws {DataError} when the file is no checkpoint, as {@link matchBackbone} and {@link checkWeights}
 */
export async function checkWeightsFile(
  parameters: NetworkParameters,
  path: string,
  dimensions: 2 | 3 | undefined,
): Promise<void> {
  const given = await readWeightsFile(await readFile(path), path);
  const least = takesSlices(parameters.architecture) ? 2 : 3;
  const shape = firstShape(probe({ architecture: parameters.architecture }, 1, least), given);
  const [channels, axes] = [shape[1] ?? 1, dimensions ?? (shape.length === 5 ? 3 : least)];
  const sized = namesSized(parameters, channels, axes);
  matchBackbone(probe(parameters, channels, axes), given, path, sized);
  checkWeights(given, path);
}

/**
 * @param from a model, and its images' mode where that is known, as of the network to train
 * @throws {DataError} when the backbones of the two differ
 */
export function checkTransfer(
  from: { architecture: string; mode?: string },
  to: NetworkParameters & { mode?: string },
): void {
  const dimensions = (architecture: string, mode: string | undefined) =>
    mode !== undefined ? dimensionsOfElements({ mode }) : takesSlices(architecture) ? 2 : 3;
  const source = dimensions(from.architecture, from.mode ?? to.mode);
  const target = dimensions(to.architecture, to.mode ?? from.mode);
  if (from.architecture === to.architecture && source === target) return;
  const { parameters, statistics } = probe({ architecture: from.architecture }, 1, source);
  const given: StateDict = new Map(
    [...parameters.tensors, ...statistics.tensors].map(({ name, shape }) =>
      [name, { dtype: "float32", shape, data: new Float32Array() }] as const
    ),
  );
  matchBackbone(probe(to, 1, target), given, "the model to transfer from");
}
