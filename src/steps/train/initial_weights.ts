/** The networks of a training and their initial weights: random, of a file or of another model. */
import { describeModel, modelMeta, weightsPath } from "../../artifacts/model.ts";
import { DataError } from "../../errors.ts";
import type { Network } from "../../nn/network.ts";
import { createInitialState, importState, type NetworkState } from "../../nn/state_dict.ts";
import type { Artifact, PreflightInput } from "../../workflow/step.ts";
import { matchBackbone, readWeightsFile } from "../model/weights.ts";
import type { TrainingParams } from "./parameters.ts";
import { newHistory, type TrainedNetwork } from "./trained_network.ts";
import type { TrainingContext, TrainingData } from "./training_data.ts";

/** Parameters and inputs that choose the weights. */
interface WeightsChoice {
  params: Pick<
    TrainingParams,
    "initial_weights" | "nb_unfrozen_layer" | "transfer_selection_metric" | "multi_network"
  >;
  inputs: Readonly<Record<string, unknown>>;
}

/** As the model's meta, the report and the MAPS name the source. */
export function weightsSource(
  { params, inputs }: WeightsChoice,
): "random" | "file" | "transferred" {
  if (inputs.transfer) return "transferred";
  return params.initial_weights ? "file" : "random";
}

/**
 * @throws {DataError} on two sources, frozen random weights, or a source model that lacks the
 *   network
 */
export function checkWeightsSource(choice: WeightsChoice): void {
  const { params, inputs } = choice;
  if (inputs.transfer && params.initial_weights) {
    throw new DataError("initial_weights", 'conflicts with "in.transfer"; give one of the two');
  }
  if (params.nb_unfrozen_layer > 0 && weightsSource(choice) === "random") {
    throw new DataError(
      "nb_unfrozen_layer",
      'random weights must not be frozen; connect "in.transfer" or give initial_weights',
    );
  }
  if (!inputs.transfer) return;
  const source = describeModel(inputs.transfer as PreflightInput);
  const metric = params.transfer_selection_metric;
  if (!source.selection_metrics.includes(metric)) {
    throw new DataError(
      "transfer_selection_metric",
      `the model to transfer from has no best network by ${metric}; it has ${
        source.selection_metrics.join(", ")
      }`,
    );
  }
  if (source.multi_network && !params.multi_network) {
    throw new DataError(
      "multi_network",
      "the model to transfer from has a network for each element; set it to true",
    );
  }
}

/** A seed of network `index`: networks of several elements have different random weights. */
export function seedOf(seed: number, index: number): number {
  return (seed + Math.imul(index, 0x9e3779b1)) >>> 0;
}

/**
 * One network, or one an element.
 *
 * @throws {DataError} when given weights don't fit the architecture
 */
export async function createNetworks(
  context: TrainingContext,
  { images: { elements }, networks: planned }: TrainingData,
): Promise<TrainedNetwork[]> {
  const { params, inputs } = context;
  checkWeightsSource(context);
  if (inputs.transfer) checkElements(inputs.transfer as Artifact, elements);
  const count = params.multi_network ? elements.length : 1;
  const networks = Array.from({ length: count }, (_, index): TrainedNetwork => {
    const network = planned[index] ?? planned[0];
    return {
      index,
      network,
      initialState: () => initialiseState(context, network, index),
      history: newHistory(),
    };
  });
  // Given weights are read once before the device is touched, to report problems early.
  if (weightsSource(context) !== "random") await networks[0].initialState();
  return networks;
}

/** @throws {DataError} when the model to transfer from has networks for other elements */
function checkElements(source: Artifact, elements: readonly number[]): void {
  const meta = modelMeta(source);
  if (meta.multi_network && meta.elements.join() !== elements.join()) {
    throw new DataError(
      "images",
      "hold other elements than the networks to transfer from were trained on; extract the same",
    );
  }
}

async function initialiseState(
  context: TrainingContext,
  network: Network,
  index: number,
): Promise<NetworkState> {
  const { params } = context;
  const seed = seedOf(params.seed, index);
  const file = await readGivenWeights(context, index);
  if (!file) return createInitialState(network, seed);
  const { subject } = file;
  const given = await readWeightsFile(file.bytes, subject);
  const { weights, random } = matchBackbone(network, given, subject);
  if (random.length === network.parameters.tensors.length) {
    throw new DataError(subject, `holds no weights of ${network.architecture}`);
  }
  const state = importState(network, weights, subject, { seed });
  const frozen = frozenParameters(network, params.nb_unfrozen_layer);
  const frozenRandom = random.filter((name) => frozen.has(name));
  if (frozenRandom.length > 0) {
    throw new DataError(
      "nb_unfrozen_layer",
      `${subject} has nothing for ${frozenRandom.join(", ")}, which would stay random; ` +
        "train more layers",
    );
  }
  if (random.length > 0 && index === 0) {
    context.log(`${subject} has nothing for ${random.join(", ")}: initialised at random`);
  }
  return state;
}

/** The file of weights for network `index`; undefined where weights are random. */
async function readGivenWeights(
  context: TrainingContext,
  index: number,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; subject: string } | undefined> {
  const { params: { transfer_selection_metric, initial_weights }, inputs } = context;
  const source = inputs.transfer as Artifact | undefined;
  if (source) {
    const network = source.meta.multi_network === true ? index : undefined;
    const subject = weightsPath(transfer_selection_metric, network);
    return { bytes: await source.read(subject), subject };
  }
  if (!initial_weights) return undefined;
  const bytes = await context.get(await context.external(initial_weights));
  return { bytes, subject: initial_weights };
}

/** All but the last `unfrozen` layers (a weight and a bias each); nothing when 0. */
export function frozenParameters(network: Network, unfrozen: number): ReadonlySet<string> {
  if (unfrozen === 0) return new Set();
  const names = network.parameters.tensors.map(({ name }) => name);
  return new Set(names.slice(0, Math.max(0, names.length - 2 * unfrozen)));
}
