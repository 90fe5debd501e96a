/** The interpret steps: maps of every image by every selected network, and their means. */
import { DataError } from "../../errors.ts";
import { MeanMaps } from "../../evaluation/attribution.ts";
import type { Device } from "../../gpu/device.ts";
import { overlaySheet } from "../../imaging/overlay/slices.ts";
import { type AttributionMethod, findGradCamLevel } from "../../nn/attribute.ts";
import type { Artifact, Blob, StepContext, StepOutput } from "../../workflow/step.ts";
import type { DeviceService } from "../../device/open.ts";
import { checkImages, chooseMetrics, createNetworkOf, listNetworks } from "../model/model.ts";
import { checkLeakage, loadSessions, readTrueLabels } from "../predict/data_group.ts";
import type { AttributionParams } from "./declaration.ts";
import { attributeStored } from "../model/apply.ts";
import { type ElementData, elementData } from "../model/element_data.ts";
import { loadingOf, scaled } from "../model/loading.ts";
import { type ModelMeta, modelMeta } from "../../artifacts/model.ts";
import { type ImageSet, openImages, type Sample } from "../../artifacts/images.ts";
import {
  type AttributionMeta,
  attributionOutput,
  type Geometry,
  individualStem,
  mapsPath,
  meanStem,
  picturePath,
  readGeometry,
  sameGeometry,
  writeMaps,
} from "../../artifacts/attribution.ts";
import { writeParticipants } from "../../artifacts/participants_table.ts";

type Context = StepContext<AttributionParams, DeviceService>;

/** Bytes of maps on the host at a time. */
const HOST_BYTES = 2 ** 28;

interface Interpretation {
  context: Context;
  device: Device;
  model: Artifact;
  meta: ModelMeta;
  images: ImageSet;
  samples: readonly Sample[];
  /** Class of each sample, where labels are known. */
  nodes?: Float32Array;
  method: AttributionMethod;
}

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
    extraction: extractionOf(images),
    label,
    label_code: meta.label_code,
    selection_metrics: metrics,
    leakage,
  });
}

function extractionOf({ artifact }: ImageSet): AttributionMeta["extraction"] {
  return artifact.meta.extraction as AttributionMeta["extraction"];
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
  if (params.target_node >= meta.output_size) {
    throw new DataError(
      "target_node",
      `the model has no output node ${params.target_node}; it has ${meta.output_size} (from 0)`,
    );
  }
  if (method.kind === "gradients") return undefined;
  const network = createNetworkOf(meta);
  try {
    const { name, shape } = findGradCamLevel(network, method.level);
    if (shape.height * shape.width === 1) {
      warn(`the feature map at ${name} has one pixel: its maps are flat; name an earlier level`);
    }
    return name;
  } catch (error) {
    if (error instanceof RangeError) throw new DataError("level", error.message);
    throw error;
  }
}

type StoredFile = readonly [path: string, blob: Blob];

/** Files of the maps of every image and of their means, by the best networks of one metric. */
async function* computeMetric(
  interpretation: Interpretation,
  metric: string,
): AsyncGenerator<StoredFile> {
  const { context, images, samples, nodes } = interpretation;
  const [, height, width] = images.elementShape;
  const floats = images.elements.length * height * width;
  const maps = new MeanMaps(floats);
  const slices = new MeanMaps(floats);
  const perChunk = Math.max(1, Math.floor(HOST_BYTES / (4 * floats)));
  let shared: Geometry | undefined;
  let oneGrid = true;
  for (let first = 0; first < samples.length; first += perChunk) {
    const chunk = samples.slice(first, first + perChunk);
    for await (const image of attributeImages(interpretation, metric, chunk)) {
      const target = nodes?.[first + image.index];
      const node = Number.isNaN(target) ? undefined : target;
      const sample = chunk[image.index];
      const geometry = await readGeometry(images, sample);
      shared ??= geometry;
      oneGrid &&= sameGeometry(shared, geometry);
      maps.add(image.maps, node);
      slices.add(image.slices, node);
      if (context.params.save_individual) {
        yield* storeMaps(interpretation, individualStem(metric, sample), { ...image, geometry });
      }
    }
    const done = first + chunk.length;
    context.progress({
      fraction: done / samples.length,
      message: `best-${metric}: ${done}/${samples.length} images`,
    });
  }
  if (!oneGrid) {
    context.warn("the images differ in their grids or slices: mean maps are not written as NIfTI");
  } else if (shared && !shared.grid) {
    context.warn(
      "the position of the slices in their volumes is unknown: maps are not written as NIfTI",
    );
  }
  // Where every image has slices of its own, a mean is over those at one position in the list.
  const geometry = oneGrid ? shared! : { elements: Int32Array.from(images.elements) };
  for (const node of [undefined, ...maps.classes]) {
    const mean = { maps: maps.mean(node), slices: slices.mean(node), geometry };
    yield* storeMaps(interpretation, meanStem(metric, node), mean);
  }
}

interface AttributedImage {
  /** Of the sample in its chunk. */
  index: number;
  /** [elements][height][width] */
  maps: Float32Array<ArrayBuffer>;
  /** The slices themselves, [elements][height][width], each scaled to [0, 1]. */
  slices: Float32Array<ArrayBuffer>;
}

async function* attributeImages(
  { context, device, model, meta, images, method }: Interpretation,
  metric: string,
  samples: readonly Sample[],
): AsyncGenerator<AttributedImage> {
  const data = elementData(images, samples, loadingOf(meta.parameters));
  const { batch_size: batchSize, target_node: target } = context.params;
  const networks = listNetworks(model, meta, metric, samples.length);
  const applied = { data, batchSize, networks };
  const results = await attributeStored(context, device, applied, { method, target });
  const plane = data.shape[1] * data.shape[2];
  const floats = data.elements * plane;
  const all = new Float32Array(samples.length * floats);
  for (const { items, maps } of results) {
    items.forEach((item, i) => all.set(maps.subarray(i * plane, (i + 1) * plane), item * plane));
  }
  for (const index of samples.keys()) {
    const maps = all.slice(index * floats, (index + 1) * floats);
    yield { index, maps, slices: await loadSlices(data, index) };
  }
}

/** Every slice of a sample, each scaled to [0, 1]. */
async function loadSlices(data: ElementData, sample: number): Promise<Float32Array<ArrayBuffer>> {
  const plane = data.shape[1] * data.shape[2];
  const slices = new Float32Array(data.elements * plane);
  for (let element = 0; element < data.elements; element++) {
    const values = await data.read(sample * data.elements + element);
    slices.set(scaled(values), element * plane);
  }
  return slices;
}

/** Stores maps as tensors and as a picture. */
async function* storeMaps(
  { context: { put }, images, method }: Interpretation,
  stem: string,
  { maps, slices, geometry }: {
    maps: Float32Array<ArrayBuffer>;
    slices: Float32Array;
    geometry: Geometry;
  },
): AsyncGenerator<StoredFile> {
  const [, rows, columns] = images.elementShape;
  const plane = rows * columns;
  const shape = [images.elements.length, rows, columns];
  yield [mapsPath(stem), await put(writeMaps({ shape, maps, ...geometry }))];
  const part = (values: Float32Array, e: number) => values.subarray(e * plane, (e + 1) * plane);
  const picture = overlaySheet(
    images.elements.map((id, e) => ({ id, slice: part(slices, e), map: part(maps, e) })),
    { rows, columns, voxel: pixelSize(images, geometry), signed: method.kind === "gradients" },
  );
  yield [picturePath(stem), await put(picture)];
}

/** Extent of a pixel along rows and columns of a slice, mm; a square without an affine. */
function pixelSize(images: ImageSet, { affine }: Geometry): [number, number] {
  if (!affine) return [1, 1];
  const direction = extractionOf(images).slice_direction ?? 0;
  const [row, column] = [0, 1, 2].filter((axis) => axis !== direction)
    .map((axis) => Math.hypot(affine[axis], affine[4 + axis], affine[8 + axis]));
  return [row, column];
}
