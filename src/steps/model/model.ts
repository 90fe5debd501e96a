/** What the steps that apply a model read of it. */
import { type ModelMeta, weightsFile } from "../../artifacts/model.ts";
import { DataError } from "../../errors.ts";
import type { Network } from "../../nn/network.ts";
import type { Artifact } from "../../workflow/step.ts";
import type { ImageSet } from "../../artifacts/images.ts";
import type { StoredNetwork } from "./apply.ts";
import { parametersOfAutoencoder } from "./autoencoder_parameters.ts";
import { compareExtractions } from "./compare_extractions.ts";
import { itemsOf } from "./element_data.ts";
import { loadedShape, loadingOf } from "./loading.ts";
import { type NetworkParameters, newNetwork } from "./network.ts";
import { describedArchitecture } from "./random_architecture.ts";

/** @throws {DataError} when the images were not extracted as those the model was trained on */
export function checkImages(
  images: ImageSet,
  meta: ModelMeta,
  warn: (message: string) => void,
): void {
  assertMode(images.mode, meta.mode);
  if (images.elements.join() !== meta.elements.join()) {
    fail("hold other elements than the model was trained on");
  }
  const loading = loadingOf(meta.parameters);
  for (const [i, stored] of images.elementShapes.entries()) {
    const [shape, taken] = [loadedShape(loading, images.mode, stored), inputShapeOf(meta, i)]
      .map((extents) => extents.join(" x "));
    if (shape !== taken) fail(`have shape ${shape}, the model takes ${taken}`);
  }
  const extraction = images.artifact.meta.extraction as ModelMeta["extraction"];
  for (const message of compareExtractions(extraction, meta.extraction)) warn(message);
}

/** @throws {DataError} when images are of another mode than those the model was trained on */
export function assertMode(images: string, model: string): void {
  if (images === model) return;
  fail(`are elements of mode "${images}", the model was trained on "${model}"`);
}

function fail(problem: string): never {
  throw new DataError("images", `${problem}; extract them with the same parameters`);
}

/** Shape of what the model takes of element `index`. */
function inputShapeOf({ input_shape, input_shapes }: ModelMeta, index: number): readonly number[] {
  return input_shapes?.[index] ?? input_shape;
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
    network: createNetworkOf(meta, index),
    weights: weightsFile(model, metric, index),
    items: itemsOf(0, samples, count, index),
  }));
}

/** A network of the model's architecture, or that of element `index` where each has one of its own. */
export function createNetworkOf(meta: ModelMeta, index = 0): Network {
  const { head, shortcut_type, conv1_t_stride } = meta.parameters;
  const random = meta.architecture === "RandomArchitecture"
    ? describedArchitecture(meta.parameters)
    : undefined;
  // ClinicaDL writes the parameters of all autoencoders.
  const own: readonly string[] = parametersOfAutoencoder(meta.architecture);
  const number = (name: string) => {
    const value = meta.parameters[name];
    return own.includes(name) && typeof value === "number" ? value : undefined;
  };
  return newNetwork(
    {
      architecture: meta.architecture,
      head: head === "linear" ? "linear" : undefined,
      shortcut_type: shortcut_type as NetworkParameters["shortcut_type"],
      conv1_t_stride: conv1_t_stride as NetworkParameters["conv1_t_stride"],
      random,
      latent_space_size: number("latent_space_size"),
      feature_size: number("feature_size"),
      n_conv: number("n_conv"),
      io_layer_channels: number("io_layer_channels"),
    },
    inputShapeOf(meta, index),
    meta.output_size,
  );
}
