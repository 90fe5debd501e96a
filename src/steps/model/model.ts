/** A trained model as the steps that apply it see it. */
import { DataError } from "../../errors.ts";
import type { Network } from "../../nn/network.ts";
import { createNetwork, type NetworkName } from "../../nn/networks/mod.ts";
import type { Artifact, ArtifactFile, Json } from "../../workflow/step.ts";
import { itemsOf } from "./element_data.ts";
import type { StoredNetwork } from "./apply.ts";
import type { ImageSet } from "../../artifacts/images.ts";
import type { LabelCode } from "./targets.ts";

/** What a model says of itself; see ARCHITECTURE, Artifacts. */
export interface ModelMeta {
  task: "classification" | "regression";
  architecture: string;
  mode: string;
  multi_network: boolean;
  elements: readonly number[];
  input_shape: readonly number[];
  output_size: number;
  label: string;
  label_code: LabelCode;
  selection_metrics: readonly string[];
  split: number | null;
  extraction: { readonly [key: string]: Json };
  parameters: { readonly [key: string]: Json };
}

/** What of an extraction decides which voxels an element holds, beside its ids and shape. */
const CUTS = [
  "slice_direction",
  "patch_size",
  "stride_size",
  "roi_list",
  "uncropped_roi",
  "size_reduction_factor",
  "target_grid",
];

/** What of an extraction says of which kind the images are. */
const MODALITY = ["preprocessing", "use_uncropped_image", "tracer", "suvr_reference_region"];

/** @throws {DataError} when the images were not extracted as those the model was trained on */
export function checkImages(
  images: ImageSet,
  meta: ModelMeta,
  warn: (message: string) => void,
): void {
  const same = (a: readonly number[], b: readonly number[]) => a.join() === b.join();
  const given = images.artifact.meta.extraction as ModelMeta["extraction"];
  const differing = (keys: readonly string[]) =>
    keys.filter((key) =>
      key in given && key in meta.extraction &&
      JSON.stringify(given[key]) !== JSON.stringify(meta.extraction[key])
    ).map((key) =>
      `${key} ${JSON.stringify(given[key])}, the model ${JSON.stringify(meta.extraction[key])}`
    );
  const cuts = differing(CUTS);
  const problem = images.mode !== meta.mode
    ? `are elements of mode "${images.mode}", the model was trained on "${meta.mode}"`
    : !same(images.elementShape, meta.input_shape)
    ? `have shape ${images.elementShape.join(" x ")}, the model takes ${
      meta.input_shape.join(" x ")
    }`
    : !same(images.elements, meta.elements)
    ? "hold other elements than the model was trained on"
    : cuts.length > 0
    ? `have ${cuts.join("; ")}`
    : undefined;
  if (problem) throw new DataError("images", `${problem}; extract them with the same parameters`);
  const modality = differing(MODALITY);
  if (modality.length > 0) warn(`the images are of another kind: ${modality.join("; ")}`);
}

/** @throws {DataError} when the model was not selected by a metric that is asked for */
export function chosenMetrics(
  asked: readonly string[] | undefined,
  meta: ModelMeta,
): readonly string[] {
  const unknown = asked?.filter((metric) => !meta.selection_metrics.includes(metric)) ?? [];
  if (unknown.length > 0) {
    throw new DataError(
      "selection_metrics",
      `the model has no best network by ${unknown.join(", ")}; it has ${
        meta.selection_metrics.join(", ")
      }`,
    );
  }
  return asked ?? meta.selection_metrics;
}

/** How the model's images were scaled. */
export function normalisation({ parameters }: ModelMeta): "element" | "image" | "none" {
  if (parameters.normalize === false) return "none";
  return parameters.normalization_level === "image" ? "image" : "element";
}

/**
 * The best networks by a metric, one or one an element, each with its items of so many samples.
 *
 * @throws {DataError} when the model lacks weights
 */
export function storedNetworks(
  model: Artifact,
  meta: ModelMeta,
  metric: string,
  samples: number,
): StoredNetwork[] {
  const count = meta.elements.length;
  const indices = meta.multi_network ? [...meta.elements.keys()] : [undefined];
  return indices.map((index) => ({
    network: networkOf(meta),
    weights: weightsOf(model, metric, index),
    items: itemsOf(0, samples, count, index),
  }));
}

/** A network of the model's architecture. */
export function networkOf(meta: ModelMeta): Network {
  const [channels, height, width] = meta.input_shape;
  const head = meta.parameters.head === "linear" ? "linear" : "clinicadl";
  const input = [channels, height, width] as const;
  return createNetwork(meta.architecture as NetworkName, input, meta.output_size, { head });
}

function weightsOf(model: Artifact, metric: string, network?: number): ArtifactFile {
  const name = network === undefined ? "model" : `network-${network}`;
  const path = `best-${metric}/${name}.safetensors`;
  const file = model.files.find((file) => file.path === path);
  if (!file) throw new DataError("model", `it has no ${path}`);
  return file;
}
