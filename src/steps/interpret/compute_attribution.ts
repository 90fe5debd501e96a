/** The interpret steps: maps of every image by every selected network, and their means. */
import { pixels } from "../../../kernels/tensors.ts";
import { attributionOutput, individualStem, meanStem } from "../../artifacts/attribution.ts";
import {
  countValues,
  type Geometry,
  readGeometry,
  sameGeometry,
} from "../../artifacts/attribution_maps.ts";
import { imagesMeta, openImages } from "../../artifacts/images.ts";
import { type ModelMeta, modelMeta } from "../../artifacts/model.ts";
import { writeParticipants } from "../../artifacts/participants_table.ts";
import { DataError } from "../../errors.ts";
import { MeanMaps } from "../../evaluation/attribution.ts";
import { type AttributionMethod, findGradCamLevel } from "../../nn/attribute.ts";
import type { Artifact, Blob, StepOutput } from "../../workflow/step.ts";
import { loadingOf } from "../model/loading.ts";
import { checkImages, chooseMetrics, createNetworkOf } from "../model/model.ts";
import { checkLeakage, loadSessions, readTrueLabels } from "../predict/data_group.ts";
import {
  attributeImages,
  type Context,
  elementShapes,
  type Interpretation,
} from "./attribute_images.ts";
import { type StoredFile, storeMaps } from "./store_maps.ts";

/**
 * An `attribution` artifact.
 *
 * @throws {DataError} on leakage, images that don't fit the model, missing sessions or labels, or a
 *   node or level that the model does not have
 */
export async function computeAttribution(
  context: Context,
  method: AttributionMethod,
): Promise<StepOutput> {
  const { params, inputs } = context;
  const model = inputs.model as Artifact;
  const meta = modelMeta(model);
  const images = await openImages(inputs.images as Artifact);
  checkImages(images, meta, context.warn);
  const { samples, ofModel } = await loadSessions(context, model, images);
  const leakage = await checkLeakage(context, model, samples, { ofModel, subject: "interpret" });
  const { label, targets } = readTrueLabels(context, samples, meta);
  const nodes = meta.task === "classification" ? targets : undefined;
  const metrics = chooseMetrics(params.selection_metrics, meta);
  const level = checkTarget(context, meta, method);
  const device = await context.services.device();
  const interpretation = { context, device, model, meta, images, samples, nodes, method };

  const files: Record<string, Blob> = {};
  for (const metric of metrics) {
    for await (const [path, blob] of computeMetric(interpretation, metric)) files[path] = blob;
  }
  return attributionOutput(files, writeParticipants(samples, targets && label), {
    method: method.kind === "gradients" ? "gradients" : "grad-cam",
    target_node: params.target_node,
    ...(level !== undefined && { level }),
    task: meta.task,
    model: model.digest,
    data_group: params.data_group,
    split: meta.split,
    mode: images.mode,
    multi_network: meta.multi_network,
    elements: images.elements,
    extraction: imagesMeta(images.artifact).extraction,
    label,
    label_code: meta.label_code,
    selection_metrics: metrics,
    leakage,
  });
}

/**
 * @returns the name of Grad-CAM's level
 * @throws {DataError} when the model has no such output node or level
 */
function checkTarget(
  { params, warn }: Context,
  meta: ModelMeta,
  method: AttributionMethod,
): string | undefined {
  if (meta.task === "reconstruction") {
    throw new DataError(
      "model",
      "gives back its input and has no output node to explain; anomaly.map shows where images differ",
    );
  }
  if (params.target_node >= meta.output_size) {
    throw new DataError(
      "target_node",
      `the model has no output node ${params.target_node}; it has ${meta.output_size} (from 0)`,
    );
  }
  if (method.kind === "gradients") return undefined;
  const indices = meta.input_shapes ? [...meta.elements.keys()] : [0];
  try {
    const levels = indices.map((index) =>
      findGradCamLevel(createNetworkOf(meta, index), method.level)
    );
    const [{ name }] = levels;
    if (levels.some(({ shape }) => pixels(shape) === 1)) {
      const unit = meta.mode === "slice" ? "pixel" : "voxel";
      warn(`the feature map at ${name} has one ${unit}: its maps are flat; name an earlier level`);
    }
    return name;
  } catch (error) {
    if (error instanceof RangeError) throw new DataError("level", error.message);
    throw error;
  }
}

/** Files of the maps of every image and of their means, by the best networks of one metric. */
async function* computeMetric(
  interpretation: Interpretation,
  metric: string,
): AsyncGenerator<StoredFile> {
  const { context, meta, images, samples, nodes } = interpretation;
  const { sizeReduction } = loadingOf(meta.parameters);
  const floats = countValues(elementShapes(interpretation));
  const maps = new MeanMaps(floats);
  const inputs = new MeanMaps(floats);
  let shared: Geometry | undefined;
  let oneGrid = true;
  for await (const image of attributeImages(interpretation, metric)) {
    const target = nodes?.[image.index];
    const node = Number.isNaN(target) ? undefined : target;
    const sample = samples[image.index];
    const geometry = await readGeometry(images, sample, sizeReduction);
    shared ??= geometry;
    oneGrid &&= sameGeometry(shared, geometry);
    maps.add(image.maps, node);
    inputs.add(image.inputs, node);
    if (context.params.save_individual) {
      yield* storeMaps(interpretation, individualStem(metric, sample), { ...image, geometry });
    }
  }
  const elements = ELEMENTS[images.mode];
  if (!oneGrid) {
    context.warn(
      `the images differ in their grids or ${elements}: mean maps are not written as NIfTI`,
    );
  } else if (shared && !shared.grid) {
    context.warn(
      `the position of the ${elements} in their volumes is unknown: maps are not written as NIfTI`,
    );
  }
  // Where every image has slices of its own, a mean is over those at one position in the list.
  const geometry = oneGrid ? shared! : { elements: Int32Array.from(images.elements) };
  for (const node of [undefined, ...maps.classes]) {
    const mean = { maps: maps.mean(node), inputs: inputs.mean(node), geometry };
    yield* storeMaps(interpretation, meanStem(metric, node), mean);
  }
}

/** What the elements of a mode are called. */
const ELEMENTS: Readonly<Record<string, string>> = {
  slice: "slices",
  patch: "patches",
  roi: "regions",
  image: "images",
};
