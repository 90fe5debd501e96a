/** How stored elements become what a network sees: ClinicaDL's order, normalising before reducing. */
import { DataError } from "../../errors.ts";
import { reducedShape, reduceSize } from "../../imaging/extract/size_reduction.ts";
import type { Json } from "../../workflow/step.ts";
import {
  clamped,
  fitIntensity,
  type IntensityLoading,
  intensityOf,
  mapIntensity,
  rangeOf,
} from "./intensity.ts";

export interface Loading {
  /** Whose intensities scale an element: its own, those of its image, or none. */
  normalisation: "element" | "image" | "none";
  intensity: IntensityLoading;
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
    intensity: intensityOf(parameters),
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
  loading: Loading,
  elements: readonly Float32Array[],
  extents: readonly (readonly number[])[],
): Float32Array[] {
  const { intensity: { clamp }, sizeReduction } = loading;
  const values = normalisedOnHost(
    loading,
    clamp ? elements.map((element) => clamped(element, clamp)) : elements,
  );
  if (sizeReduction === 1) return [...values];
  return values.map((element, i) => reduceSize(element, sizeReduction, extents[i]));
}

function normalisedOnHost(
  loading: Loading,
  elements: readonly Float32Array[],
): readonly Float32Array[] {
  const { normalisation, intensity, sizeReduction } = loading;
  if (normalisation === "none" || deviceNormalisation(loading) === "element") return elements;
  // Elements that are reduced are whole images: one each.
  if (intensity.kind === "min_max" && (normalisation === "image" || sizeReduction > 1)) {
    const range = rangeOf(elements);
    return elements.map((element) => scaled(element, range));
  }
  const all = normalisation === "image" ? fitIntensity(intensity, elements) : undefined;
  return elements.map((element) =>
    mapIntensity(element, all ?? fitIntensity(intensity, [element]))
  );
}

/** What is left to the device: a range over voxels that a reduction leaves out is the host's. */
export function deviceNormalisation(
  { normalisation, intensity, sizeReduction }: Loading,
): "element" | "none" {
  return normalisation === "element" && intensity.kind === "min_max" && sizeReduction === 1
    ? "element"
    : "none";
}

/** (x - min) / (max - min), by default of the values' own range; zeros when all values are equal. */
export function scaled(
  values: Float32Array,
  [low, high] = rangeOf([values]),
): Float32Array<ArrayBuffer> {
  const range = high - low;
  return range > 0 ? values.map((value) => (value - low) / range) : new Float32Array(values.length);
}
