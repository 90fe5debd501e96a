/** The disk that a training takes, from the shape of what it is trained on. */
import type { ImagesDescription } from "../../artifacts/images.ts";
import { countMoments } from "../../nn/describe.ts";
import type { Network } from "../../nn/network.ts";
import type { FlatLayout } from "../../nn/parameters.ts";
import type { Estimate } from "../../workflow/step.ts";
import { outputSize } from "../model/targets.ts";
import type { TrainingParams } from "./parameters.ts";
import { planNetworks } from "./plan_networks.ts";
import { optimizerOptions } from "./trainer_options.ts";

/** Bytes of a safetensors file besides its values: the names of some hundred tensors. */
const HEADER_BYTES = 10_000;

/**
 * Bytes of the model's weights, and of the checkpoint of the last epoch, which holds newest weights
 * that may not be the best, and the optimizer's moments; undefined where the images are not known.
 *
 * @throws {DataError} when the network can't take the images
 */
export function trainingBytes(
  params: TrainingParams,
  images: ImagesDescription,
  outputs: number,
): { weights: number; checkpoint: number } | undefined {
  const planned = planNetworks(params, images, outputs);
  if (planned === undefined || images.elements === undefined) return undefined;
  const each = params.multi_network ? images.elements / planned.length : 1;
  const sum = (of: (network: Network) => number) =>
    each * planned.reduce((total, network) => total + of(network), 0);
  const parameters = sum((network) => bytesOf(network.parameters));
  const file = parameters + sum((network) => bytesOf(network.statistics) + HEADER_BYTES);
  const buffers = countMoments(optimizerOptions(params)) + Number(params.accumulation_steps > 1);
  const best = params.selection_metrics.length;
  return {
    weights: file * (best + (params.save_all_models ? params.epochs : 0)),
    checkpoint: (params.save_all_models ? 0 : file) + buffers * parameters,
  };
}

function bytesOf({ tensors }: FlatLayout): number {
  return tensors.reduce((sum, { count }) => sum + 4 * count, 0);
}

/** Of a training whose tables need not exist: a label more or less is a few weights. */
export function estimateTraining(params: TrainingParams, images: ImagesDescription): Estimate {
  const { label_code } = params;
  const bytes = trainingBytes(params, images, label_code ? outputSize(label_code) : 2);
  if (bytes === undefined) return {};
  const { weights, checkpoint } = bytes;
  return { diskBytes: weights + checkpoint, publishedBytes: { model: weights } };
}
