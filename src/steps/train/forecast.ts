/** The disk that a training takes, from the shape of what it is trained on. */
import type { ImagesDescription } from "../../artifacts/images.ts";
import { countMoments } from "../../nn/describe.ts";
import type { FlatLayout } from "../../nn/parameters.ts";
import type { Estimate } from "../../workflow/step.ts";
import { outputSize } from "../model/targets.ts";
import { newNetwork } from "./initial_weights.ts";
import type { TrainingParams } from "./parameters.ts";
import { optimizerOptions } from "./trainer_options.ts";

/** Bytes of a safetensors file besides its values: the names of some hundred tensors. */
const HEADER_BYTES = 10_000;

/**
 * Bytes of the model's weights, and of the checkpoint of the last epoch, which holds newest weights
 * that may not be the best, and the optimizer's moments; undefined where the images are not known.
 *
 * @throws {DataError} when the images are too small for the architecture
 */
export function trainingBytes(
  params: TrainingParams,
  { elements, element_shape }: ImagesDescription,
  outputs: number,
): { weights: number; checkpoint: number } | undefined {
  if (elements === undefined || element_shape === undefined) return undefined;
  const network = newNetwork({ params }, element_shape, outputs);
  const parameters = bytesOf(network.parameters);
  const file = parameters + bytesOf(network.statistics) + HEADER_BYTES;
  const buffers = countMoments(optimizerOptions(params)) + Number(params.accumulation_steps > 1);
  const networks = params.multi_network ? elements : 1;
  const best = params.selection_metrics.length;
  return {
    weights: networks * file * (best + (params.save_all_models ? params.epochs : 0)),
    checkpoint: networks * ((params.save_all_models ? 0 : file) + buffers * parameters),
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
