/** Whether tensors that an extraction left are those that its JSON describes. */
import { DataError } from "../../errors.ts";
import type { ExtractionJson } from "../../imaging/datasets/extraction_json.ts";
import type { TensorFiles } from "../../imaging/datasets/tensor_files.ts";

/** @throws {DataError} when elements are missing, or are others than the JSON's */
export function checkElements(
  elements: readonly number[],
  json: ExtractionJson,
  { participant, session }: TensorFiles,
): void {
  const fail = (problem: string) => {
    throw new DataError(`${participant} ${session}`, problem);
  };
  if (json.mode === "roi") {
    const missing = json.roi_list!.filter((_, roi) => !elements.includes(roi));
    if (missing.length > 0) fail(`no tensor of ${missing.join(", ")}`);
  } else if (json.mode === "patch") {
    const gap = elements.findIndex((id, i) => id !== i);
    if (gap >= 0) fail(`no tensor of patch ${gap}, but one of patch ${elements.at(-1)}`);
  } else if (json.own_slices !== true) {
    const [begin] = json.discarded_slices!;
    const early = elements.filter((id) => id < begin);
    if (early.length > 0) {
      fail(
        `has tensors of ${early.length} slices before ${begin}, which the JSON discards: they are those ` +
          "of another extraction; keep the slices of each extraction in a CAPS of its own",
      );
    }
    const { num_slices } = json;
    if (num_slices !== undefined && num_slices !== elements.length) {
      fail(`has tensors of ${elements.length} slices, but "num_slices" is ${num_slices}`);
    }
  }
}

/** @throws {DataError} when no element that the JSON describes has this shape */
export function checkShape(
  shape: readonly number[],
  path: string,
  { mode, slice_mode, patch_size }: ExtractionJson,
): void {
  const expected = mode === "slice"
    ? [slice_mode === "rgb" ? 3 : 1, "height", "width"]
    : mode === "patch"
    ? [1, patch_size!, patch_size!, patch_size!]
    : [1, "depth", "height", "width"];
  const fits = shape.length === expected.length &&
    expected.every((size, axis) => typeof size === "string" || size === shape[axis]);
  if (fits) return;
  throw new DataError(path, `has shape ${shape.join(" x ")}, not ${expected.join(" x ")}`);
}

/** @throws {DataError} when the channels, which `slice_mode = "rgb"` repeats, differ */
export function checkChannels(values: Float32Array, size: number, path: string): void {
  for (let at = size; at < values.length; at++) {
    if (Object.is(values[at], values[at % size])) continue;
    throw new DataError(
      path,
      `its channels 0 and ${
        Math.floor(at / size)
      } differ, but "rgb" is one slice in three channels`,
    );
  }
}
