/** The networks of a training by what is known of its images, which need not be cut yet. */
import { dimensionsOfElements, listSizes } from "../../artifacts/element_shapes.ts";
import type { ImagesDescription } from "../../artifacts/images.ts";
import { DataError } from "../../errors.ts";
import type { Network } from "../../nn/network.ts";
import { loadedShape, loadingOf } from "../model/loading.ts";
import { assertTakes, newNetwork } from "../model/network.ts";
import type { TrainingParams } from "./parameters.ts";

/**
 * One network, or one an element where these differ in shape and have one each.
 *
 * @param outputs output nodes; where labels do not matter, any
 * @returns undefined where the shapes of the elements are not known
 * @throws {DataError} when each element gets a network and there is one only, one network would get
 *   elements that differ in size, or the network can't take such elements
 */
export function planNetworks(
  params: TrainingParams,
  images: ImagesDescription,
  outputs = 2,
): Network[] | undefined {
  assertElements(params, images);
  assertTakes(params, dimensionsOfElements(images));
  return elementShapes(params, images)?.map((shape) => newNetwork(params, shape, outputs));
}

/** The network of whole images reduced in size; undefined where these images can't be. */
export function planReduced(
  params: TrainingParams,
  images: ImagesDescription,
  factor: number,
): Network | undefined {
  if (images.mode !== "image") return undefined;
  const reduced = { ...params, size_reduction: true, size_reduction_factor: factor };
  try {
    return planNetworks(reduced, images)?.[0];
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}

/**
 * Shape of what the networks take, [C, H, W] or [C, D, H, W]: one, or one an element where they differ.
 *
 * @throws {DataError} when the elements can't be reduced in size
 */
function elementShapes(
  params: TrainingParams,
  { mode, element_shape, element_shapes }: ImagesDescription,
): number[][] | undefined {
  const shapes = element_shapes ?? (element_shape && [element_shape]);
  const loading = loadingOf(params);
  return shapes?.map((shape) => loadedShape(loading, mode, shape));
}

function assertElements(
  { multi_network }: Pick<TrainingParams, "multi_network">,
  { elements, element_shapes, regions }: ImagesDescription,
): void {
  if (multi_network && elements === 1) {
    throw new DataError(
      "multi_network",
      "trains one network an element, and each image has one element only; set it to false",
    );
  }
  if (multi_network || element_shapes === undefined) return;
  throw new DataError(
    "multi_network",
    `is false, but one network takes elements of one size, and the regions differ: ${
      listSizes(element_shapes, regions)
    }; set it to true, or extract with roi_uncrop_output = true`,
  );
}
