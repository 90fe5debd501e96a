/** The networks of a training and the weights they begin with. */
import { DataError } from "../../errors.ts";
import type { Network } from "../../nn/network.ts";
import { createNetwork, type NetworkName } from "../../nn/networks/mod.ts";
import { createInitialState, type NetworkState } from "../../nn/state_dict.ts";
import type { Artifact } from "../../workflow/step.ts";
import { type Member, newRecord } from "./network_progress.ts";
import { checkBeginning, initialWeights } from "./weights_source.ts";
import type { TrainingContext, TrainingSetup } from "./setup.ts";
import { frozenParameters, readWeights, transferredState } from "./weights.ts";

/** Seeds of companions differ, so that networks of several elements begin differently. */
export function seedOf(seed: number, index: number): number {
  return (seed + Math.imul(index, 0x9e3779b1)) >>> 0;
}

/**
 * One network, or one an element.
 *
 * @throws {DataError} when the images are too small for the architecture, or given weights don't
 *   fit it
 */
export async function createMembers(
  context: TrainingContext,
  setup: TrainingSetup,
): Promise<Member[]> {
  const { params, inputs } = context;
  const { elements, elementShape } = setup.images;
  checkBeginning(context);
  if (inputs.transfer) checkElements(inputs.transfer as Artifact, elements);
  const count = params.multi_network ? elements.length : 1;
  const members = Array.from({ length: count }, (_, index): Member => {
    const network = newNetwork(context, elementShape, setup.outputs);
    return {
      index,
      network,
      initial: () => initialOf(context, network, index),
      record: newRecord(),
    };
  });
  // Given weights are looked at before the device is touched.
  if (initialWeights(context) !== "random") await members[0].initial();
  return members;
}

/** @throws {DataError} when the model to transfer from has networks for other elements */
function checkElements({ meta }: Artifact, elements: readonly number[]): void {
  if (meta.multi_network !== true) return;
  if ((meta.elements as number[]).join() !== elements.join()) {
    throw new DataError(
      "images",
      "hold other elements than the networks to transfer from were trained on; extract the same",
    );
  }
}

function newNetwork(
  { params }: TrainingContext,
  shape: readonly number[],
  outputs: number,
): Network {
  const [channels, height, width] = shape;
  try {
    return createNetwork(params.architecture as NetworkName, [channels, height, width], outputs, {
      dropout: params.dropout,
      head: params.head,
    });
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new DataError("architecture", cause.message, { cause });
  }
}

async function initialOf(
  context: TrainingContext,
  network: Network,
  index: number,
): Promise<NetworkState> {
  const { params, inputs } = context;
  const seed = seedOf(params.seed, index);
  const source = inputs.transfer as Artifact | undefined;
  let bytes: Uint8Array<ArrayBuffer>;
  let subject: string;
  if (source) {
    const file = source.meta.multi_network === true ? `network-${index}` : "model";
    subject = `best-${params.transfer_selection_metric}/${file}.safetensors`;
    bytes = await source.read(subject);
  } else if (params.initial_weights) {
    subject = params.initial_weights;
    bytes = await context.get(await context.external(subject));
  } else {
    return createInitialState(network, seed);
  }
  const weights = await readWeights(bytes, subject);
  const { state, random } = transferredState(network, weights, seed, subject);
  const frozen = random.filter((name) =>
    frozenParameters(network, params.nb_unfrozen_layer).has(name)
  );
  if (frozen.length > 0) {
    throw new DataError(
      "nb_unfrozen_layer",
      `${subject} has nothing for ${frozen.join(", ")}, which would stay random; ` +
        "train more layers",
    );
  }
  if (random.length > 0 && index === 0) {
    context.log(`${subject} has nothing for ${random.join(", ")}: these begin at random`);
  }
  return state;
}
