/**
 * Slices in ClinicaDL's description of an extraction, which has a first and a number only:
 * `discarded_slices[0]` and `num_slices`. Without the number ClinicaDL counts slices in the tensor of
 * a whole image, which need not exist.
 */
type JsonObject = { readonly [key: string]: unknown };

/** Whether ClinicaDL takes these elements; patches, regions and images it always numbers alike. */
export function areExpressible(extraction: JsonObject, elements: readonly number[]): boolean {
  return extraction.mode !== "slice" ||
    extraction.own_slices !== true && elements.every((id, k) => id === elements[0] + k);
}

/** The description with the slices as ClinicaDL takes them; as it is where that can't be done. */
export function describeSlices<T extends JsonObject>(
  extraction: T,
  elements: readonly number[],
): T {
  if (extraction.mode !== "slice" || !areExpressible(extraction, elements)) return extraction;
  const discarded = firstSlice(extraction) === elements[0]
    ? extraction.discarded_slices
    : [elements[0], 0];
  return { ...extraction, discarded_slices: discarded, num_slices: elements.length };
}

/** Index of the first slice that is not discarded at the beginning. */
export function firstSlice({ discarded_slices }: JsonObject): number {
  return Number((Array.isArray(discarded_slices) ? discarded_slices[0] : discarded_slices) ?? 0);
}
