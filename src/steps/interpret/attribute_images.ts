/** Maps of images by the best networks of a metric, some images at a time. */
import { countValues } from "../../artifacts/attribution_maps.ts";
import type { ImageSet, Sample } from "../../artifacts/images.ts";
import type { ModelMeta } from "../../artifacts/model.ts";
import type { DeviceService } from "../../device/open.ts";
import type { Device } from "../../gpu/device.ts";
import type { AttributionMethod } from "../../nn/attribute.ts";
import type { Artifact, StepContext } from "../../workflow/step.ts";
import { elementData } from "../model/element_data.ts";
import { loadedShape, loadingOf, scaled } from "../model/loading.ts";
import { listNetworks } from "../model/model.ts";
import { attributeStored } from "./attribute_stored.ts";
import type { AttributionParams } from "./declaration.ts";

export type Context = StepContext<AttributionParams, DeviceService>;

/** Bytes of maps on the host at a time. */
const HOST_BYTES = 2 ** 28;

export interface Interpretation {
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

/** Of each element as networks see it: [height, width], or [depth, height, width]. */
export function elementShapes(
  { meta, images }: Pick<Interpretation, "meta" | "images">,
): readonly (readonly number[])[] {
  const loading = loadingOf(meta.parameters);
  return images.elementShapes.map((shape) => loadedShape(loading, images.mode, shape).slice(1));
}

interface AttributedImage {
  /** Of its sample. */
  index: number;
  /** Of every element, one after another. */
  maps: Float32Array<ArrayBuffer>;
  /** What networks see: every element scaled to [0, 1]. */
  inputs: Float32Array<ArrayBuffer>;
}

/** Every sample's maps, in order. */
export async function* attributeImages(
  interpretation: Interpretation,
  metric: string,
): AsyncGenerator<AttributedImage> {
  const { context, samples } = interpretation;
  const floats = countValues(elementShapes(interpretation));
  const perChunk = Math.max(1, Math.floor(HOST_BYTES / (4 * floats)));
  for (let first = 0; first < samples.length; first += perChunk) {
    const chunk = samples.slice(first, first + perChunk);
    for await (const image of attributeChunk(interpretation, metric, chunk)) {
      yield { ...image, index: first + image.index };
    }
    const done = first + chunk.length;
    context.progress({
      fraction: done / samples.length,
      message: `best-${metric}: ${done}/${samples.length} images`,
    });
  }
}

async function* attributeChunk(
  interpretation: Interpretation,
  metric: string,
  samples: readonly Sample[],
): AsyncGenerator<AttributedImage> {
  const { context, device, model, meta, images, method } = interpretation;
  const data = elementData(images, samples, loadingOf(meta.parameters));
  const { batch_size: batchSize, target_node: target } = context.params;
  const networks = listNetworks(model, meta, metric, samples.length);
  const applied = { data, batchSize, networks };
  const results = await attributeStored(context, device, applied, { method, target });
  const shapes = elementShapes(interpretation);
  const starts = shapes.map((_, element) => countValues(shapes.slice(0, element)));
  const floats = countValues(shapes);
  const all = new Float32Array(samples.length * floats);
  for (const { items, maps } of results) {
    const size = maps.length / items.length;
    items.forEach((item, i) => {
      const element = item % data.elements;
      const sample = (item - element) / data.elements;
      all.set(maps.subarray(i * size, (i + 1) * size), sample * floats + starts[element]);
    });
  }
  for (const index of samples.keys()) {
    const maps = all.slice(index * floats, (index + 1) * floats);
    const inputs = new Float32Array(floats);
    for (const [element, start] of starts.entries()) {
      inputs.set(scaled(await data.read(index * data.elements + element)), start);
    }
    yield { index, maps, inputs };
  }
}
