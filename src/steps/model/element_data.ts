/** The images of a step as networks read them: one item an element. */
import { areVaried } from "../../artifacts/element_shapes.ts";
import { type ImageSet, readElements, type Sample } from "../../artifacts/images.ts";
import type { Dataset } from "../../nn/dataset.ts";
import { inputShape } from "../../nn/network.ts";
import { deviceNormalisation, loadedShape, type Loading, loadOnHost } from "./loading.ts";

/** Bytes of decoded images that stay on the host while a data set is streamed. */
const HOST_CACHE_BYTES = 2 ** 30;

/** Item `sample * elements + element` is one slice, patch, region or image of one session. */
export interface ElementData extends Dataset {
  readonly elements: number;
  /** Whether the elements differ in shape: then each is read by {@link ElementData.ofElement} alone. */
  readonly varied: boolean;
  /** Element `element` of every sample: item i is that of sample i. */
  ofElement(element: number): Dataset;
}

/** @throws {DataError} when the images can't be loaded so; by `shape` where elements differ in it */
export function elementData(
  images: ImageSet,
  samples: readonly Sample[],
  loading: Loading,
  hostCacheBytes = HOST_CACHE_BYTES,
): ElementData {
  const shapes = images.elementShapes.map((shape) => loadedShape(loading, images.mode, shape));
  const elements = shapes.length;
  const load = cached(hostCacheBytes, async (sample) =>
    loadOnHost(
      loading,
      await readElements(images, samples[sample]),
      images.elementShapes.map((shape) => shape.slice(1)),
    ));
  const normalisation = deviceNormalisation(loading);
  const stored = ([, ...extents]: readonly number[]) => inputShape([1, ...extents]);
  return {
    get shape() {
      return stored(loadedShape(loading, images.mode, images.elementShape));
    },
    normalisation,
    count: samples.length * elements,
    elements,
    varied: areVaried(shapes),
    read: async (item) => {
      const element = item % elements;
      return (await load((item - element) / elements))[element];
    },
    ofElement: (element) => ({
      shape: stored(shapes[element]),
      normalisation,
      count: samples.length,
      read: async (sample) => (await load(sample))[element],
    }),
  };
}

/** Keeps what was loaded last, up to `capacity` bytes and at least one image. */
function cached(
  capacity: number,
  load: (sample: number) => Promise<readonly Float32Array[]>,
): (sample: number) => Promise<readonly Float32Array[]> {
  const images = new Map<number, { loading: Promise<readonly Float32Array[]>; bytes: number }>();
  let held = 0;
  const drop = (sample: number) => {
    held -= images.get(sample)?.bytes ?? 0;
    images.delete(sample);
  };
  return (sample) => {
    const known = images.get(sample);
    if (known) return known.loading;
    const image = { loading: load(sample), bytes: 0 };
    images.set(sample, image);
    image.loading.then((elements) => {
      if (images.get(sample) !== image) return;
      image.bytes = elements.reduce((sum, { byteLength }) => sum + byteLength, 0);
      held += image.bytes;
      for (const [oldest] of images) {
        if (held <= capacity || oldest === sample) break;
        drop(oldest);
      }
    }, () => drop(sample));
    return image.loading;
  };
}

/** Numbers of the items of one network in what it reads: all elements, or its own where they differ. */
export function numbersRead(
  { varied, elements }: Pick<ElementData, "varied" | "elements">,
  items: Uint32Array,
): Uint32Array {
  return varied ? items.map((item) => Math.floor(item / elements)) : items;
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
