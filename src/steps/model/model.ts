/** What the steps that apply a model read of it. */
import { type ModelMeta, weightsFile } from "../../artifacts/model.ts";
import { DataError } from "../../errors.ts";
import { inputShape, type Network } from "../../nn/network.ts";
import { createNetwork } from "../../nn/networks/mod.ts";
import type { Artifact } from "../../workflow/step.ts";
import { itemsOf, type NormalisationLevel } from "./element_data.ts";
import type { StoredNetwork } from "./apply.ts";
import type { ImageSet } from "../../artifacts/images.ts";
import { compareExtractions } from "./compare_extractions.ts";

/** @throws {DataError} when the images were not extracted as those the model was trained on */
export function checkImages(
  images: ImageSet,
  meta: ModelMeta,
  warn: (message: string) => void,
): void {
  const same = (a: readonly number[], b: readonly number[]) => a.join() === b.join();
  const problem = images.mode !== meta.mode
    ? `are elements of mode "${images.mode}", the model was trained on "${meta.mode}"`
    : !same(images.elementShape, meta.input_shape)
    ? `have shape ${images.elementShape.join(" x ")}, the model takes ${
      meta.input_shape.join(" x ")
    }`
    : !same(images.elements, meta.elements)
    ? "hold other elements than the model was trained on"
    : undefined;
  if (problem) throw new DataError("images", `${problem}; extract them with the same parameters`);
  const extraction = images.artifact.meta.extraction as ModelMeta["extraction"];
  for (const message of compareExtractions(extraction, meta.extraction)) warn(message);
}

/** @throws {DataError} when the model was not selected by a requested metric */
export function chooseMetrics(
  requested: readonly string[] | undefined,
  meta: ModelMeta,
): readonly string[] {
  const unknown = requested?.filter((metric) => !meta.selection_metrics.includes(metric)) ?? [];
  if (unknown.length > 0) {
    throw new DataError(
      "selection_metrics",
      `the model has no best network by ${unknown.join(", ")}; it has ${
        meta.selection_metrics.join(", ")
      }`,
    );
  }
  return requested ?? meta.selection_metrics;
}

/** How the model's images were scaled. */
export function normalisationOf({ parameters }: ModelMeta): NormalisationLevel {
  if (parameters.normalize === false) return "none";
  return parameters.normalization_level === "image" ? "image" : "element";
}

/**
 * The best networks by a metric, one or one an element, each with its items.
 *
 * @param samples number of samples of the data set
 *
 * @throws {DataError} when the model lacks weights
 */
export function listNetworks(
  model: Artifact,
  meta: ModelMeta,
  metric: string,
  samples: number,
): StoredNetwork[] {
  const count = meta.elements.length;
  const indices = meta.multi_network ? [...meta.elements.keys()] : [undefined];
  return indices.map((index) => ({
    network: createNetworkOf(meta),
    weights: weightsFile(model, metric, index),
    items: itemsOf(0, samples, count, index),
  }));
}

/** A network of the model's architecture. */
export function createNetworkOf(meta: ModelMeta): Network {
  const head = meta.parameters.head === "linear" ? "linear" : "clinicadl";
  return createNetwork(meta.architecture, inputShape(meta.input_shape), meta.output_size, { head });
}
