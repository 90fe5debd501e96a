/** How stored elements become what a network sees: ClinicaDL's order, normalising before reducing. */
import { DataError } from "../../errors.ts";
import { reducedShape, reduceSize } from "../../imaging/extract/size_reduction.ts";
import type { Json } from "../../workflow/step.ts";

export interface Loading {
  /** Whose range scales an element to [0, 1]: its own, that of its image, or none. */
  normalisation: "element" | "image" | "none";
  /** Every n-th voxel of whole images is kept, after they are normalised; 1 keeps all. */
  sizeReduction: number;
}

/** @param parameters of a train step, or those that a model's meta records; ClinicaDL's defaults */
export function loadingOf(parameters: { readonly [name: string]: Json | undefined }): Loading {
  const { normalize, normalization_level, size_reduction, size_reduction_factor } = parameters;
  return {
    normalisation: normalize === false
      ? "none"
      : normalization_level === "image"
      ? "image"
      : "element",
    sizeReduction: size_reduction === true ? Number(size_reduction_factor ?? 2) : 1,
  };
}

/**
 * Shape of an element as a network sees it, [C, H, W] or [C, D, H, W].
 *
 * @param shape of the element as it is stored
 * @throws {DataError} when elements that are no whole images would be reduced, or are too small for it
 */
export function loadedShape(
  { sizeReduction }: Loading,
  mode: string,
  [channels, ...extents]: readonly number[],
): number[] {
  if (sizeReduction === 1) return [channels, ...extents];
  assertReducible(mode);
  return [channels, ...reducedShape(sizeReduction, extents)];
}

function assertReducible(mode: string): void {
  if (mode === "image") return;
  throw new DataError(
    "size_reduction",
    `reduces whole images, as extract.images takes them, and these are of mode "${mode}"; set it to false`,
  );
}

/**
 * The elements of one image as far as the host prepares them; the device scales others by their own
 * range, see {@link deviceNormalisation}.
 *
 * @param elements finite values of each, the last axis fastest
 * @param extents voxels of each along its axes
 */
export function loadOnHost(
  { normalisation, sizeReduction }: Loading,
  elements: readonly Float32Array[],
  extents: readonly (readonly number[])[],
): Float32Array[] {
  const onHost = normalisation === "image" || normalisation === "element" && sizeReduction > 1;
  const range = onHost ? rangeOf(elements) : undefined;
  const values = elements.map((element) => range ? scaled(element, range) : element);
  if (sizeReduction === 1) return values;
  return values.map((element, i) => reduceSize(element, sizeReduction, extents[i]));
}

/** What is left to the device: a range over voxels that a reduction leaves out is the host's. */
export function deviceNormalisation(
  { normalisation, sizeReduction }: Loading,
): "element" | "none" {
  return normalisation === "element" && sizeReduction === 1 ? "element" : "none";
}

/** (x - min) / (max - min), by default of the values' own range; zeros when all values are equal. */
export function scaled(
  values: Float32Array,
  [low, high] = rangeOf([values]),
): Float32Array<ArrayBuffer> {
  const range = high - low;
  return range > 0 ? values.map((value) => (value - low) / range) : new Float32Array(values.length);
}

/** Minimum and maximum of all elements together. */
function rangeOf(elements: readonly Float32Array[]): [low: number, high: number] {
  let low = Infinity, high = -Infinity;
  for (const values of elements) {
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return [low, high];
}
