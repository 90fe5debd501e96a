/** Whether weights fit a network's convolutions, which does not depend on the images' extent. */
import type { Network } from "../../nn/network.ts";
import { createNetwork } from "../../nn/networks/mod.ts";
import type { StateDict } from "../../nn/state_dict.ts";
import type { PreflightInput } from "../../workflow/step.ts";
import type { TrainingParams } from "./setup.ts";
import { modelOf } from "./weights_source.ts";
import { beginsAtRandom, readWeights } from "./weights.ts";

type Params = Pick<TrainingParams, "architecture" | "initial_weights">;

/** Pixels along each side; large enough for every architecture. */
const SIDE = 224;

/** By parameters, which the folds share: a file is looked at once. */
const checked = new WeakMap<Params, Promise<void>>();

/** @throws {DataError} listing what of the trunk is missing, unexpected or mis-shaped */
export async function checkTrunk(
  params: Params,
  source: PreflightInput | undefined,
): Promise<void> {
  if (source) {
    const { architecture } = modelOf(source);
    if (architecture === params.architecture) return;
    const given = shapesOf(networkWith(architecture, 1));
    beginsAtRandom(networkWith(params.architecture, 1), given, "the model to transfer from");
  } else if (params.initial_weights !== undefined) {
    const known = checked.get(params) ?? checkFile(params.architecture, params.initial_weights);
    checked.set(params, known);
    await known;
  }
}

/** @throws {DataError} as {@link checkTrunk}; when the file is no checkpoint */
export async function checkFile(architecture: string, path: string): Promise<void> {
  const given = await readWeights(await Deno.readFile(path), path);
  const network = networkWith(architecture, 1);
  const first = network.parameters.tensors[0].name;
  const channels = given.get(first)?.shape[1] ?? given.get(network.exportName(first))?.shape[1];
  beginsAtRandom(channels ? networkWith(architecture, channels) : network, given, path);
}

function networkWith(architecture: string, channels: number): Network {
  return createNetwork(architecture, [channels, SIDE, SIDE], 2);
}

function shapesOf({ parameters, statistics }: Network): StateDict {
  return new Map(
    [...parameters.tensors, ...statistics.tensors].map(({ name, shape }) =>
      [name, { dtype: "float32", shape, data: [] }] as const
    ),
  );
}
