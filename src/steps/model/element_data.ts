/** The images of a step as networks read them: one item an element. */
import type { Dataset } from "../../nn/dataset.ts";
import { inputShape } from "../../nn/network.ts";
import { type ImageSet, loadElements, type Sample } from "../../artifacts/images.ts";

/** Bytes of decoded images that stay on the host while a data set is streamed. */
const HOST_CACHE_BYTES = 2 ** 30;

/** Whose range scales an element to [0, 1]: its own, that of its image, or none. */
export type NormalisationLevel = "element" | "image" | "none";

/** Item `sample * elements + element` is one element of one session. */
export interface ElementData extends Dataset {
  readonly elements: number;
}

/**
 * @param level `image` scales each image by its own range over all its elements, on the host;
 *   otherwise the device scales values
 */
export function elementData(
  images: ImageSet,
  samples: readonly Sample[],
  level: NormalisationLevel,
): ElementData {
  const axes = images.elementShape.slice(1);
  const elements = images.elements.length;
  const floats = axes.reduce((product, size) => product * size);
  const capacity = Math.max(1, Math.floor(HOST_CACHE_BYTES / (elements * floats * 4)));
  const cache = new Map<number, Promise<Float32Array>>();

  const load = (sample: number): Promise<Float32Array> => {
    const known = cache.get(sample);
    if (known) return known;
    const loading = loadElements(images, samples[sample]).then((values) =>
      level === "image" ? scaled(values) : values
    );
    cache.set(sample, loading);
    if (cache.size > capacity) cache.delete(cache.keys().next().value as number);
    return loading;
  };
  return {
    shape: inputShape([1, ...axes]),
    normalisation: level === "element" ? "element" : "none",
    count: samples.length * elements,
    elements,
    async read(item) {
      const element = item % elements;
      const values = await load((item - element) / elements);
      return values.subarray(element * floats, (element + 1) * floats);
    },
  };
}

/** (x - min) / (max - min); zeros when all values are equal. */
export function scaled(values: Float32Array): Float32Array {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const range = high - low;
  return range > 0 ? values.map((value) => (value - low) / range) : new Float32Array(values.length);
}

/** Items of one network: every element of every sample, or one element of each. */
export function itemsOf(
  first: number,
  samples: number,
  elements: number,
  element?: number,
): Uint32Array<ArrayBuffer> {
  if (element !== undefined) {
    return Uint32Array.from({ length: samples }, (_, i) => (first + i) * elements + element);
  }
  return Uint32Array.from({ length: samples * elements }, (_, i) => first * elements + i);
}
