/** Writes `images` artifacts from extracted volumes. */
import { DataError } from "../errors.ts";
import { OWN_LIMITS, parseJsonBytes } from "../json.ts";
import { readSafetensors } from "../formats/safetensors.ts";
import type { ExtractionJson, Mode } from "../imaging/datasets/extraction_json.ts";
import type { ExtractedFile, ImageFacts } from "../imaging/extract/extract_file.ts";
import { sameSpacing, spacingOf } from "../imaging/nifti/orientation.ts";
import type { Blob, Json, StepContext, StepOutput } from "../workflow/step.ts";
import { describeShapes } from "./element_shapes.ts";
import { INDEX_FILE, tensorsPath, writeIndex } from "./images.ts";

/** Shape and element ids of a volume's tensors, and how its image was stored. */
export interface TensorLayout extends ImageFacts {
  /** [elements, 1, spatial...], or [voxels] of regions that differ in size. */
  shape: number[];
  /** [D, H, W] of each region where these differ. */
  shapes?: number[][];
  elements: number[];
  /** Voxel sizes along the axes that were cut, in mm; absent of tensors without an affine. */
  spacing?: readonly number[];
}

/** A session and its tensors. */
export interface ExtractedImage {
  participant: string;
  session: string;
  cohort: string;
  /** File name of the image without its extension. */
  stem: string;
  /** Of the image. */
  digest: string;
  tensors: Blob;
  layout: TensorLayout;
}

/**
 * Extracts one image, or takes its tensors from the cache. The layout is cached apart: the tensors of
 * thousands of images are not read again for their shapes.
 *
 * @param key of the tensors
 * @param extract returns a safetensors file with `data` and `elements`; called again where the layout
 *   is lost
 */
export async function cacheTensors(
  context: StepContext<unknown>,
  key: Json,
  extract: () => Promise<ExtractedFile>,
): Promise<{ tensors: Blob; layout: TensorLayout }> {
  let extracted: TensorLayout | undefined;
  const compute = async () => {
    const { bytes, facts } = await extract();
    extracted = { ...readLayout(bytes, "extracted tensors"), ...facts };
    return bytes;
  };
  const tensors = await context.memo(key, compute);
  const blob = await context.memo({ layoutOf: key }, async () => {
    if (extracted === undefined) await compute();
    return new TextEncoder().encode(JSON.stringify(extracted));
  });
  const layout = extracted ??
    parseJsonBytes(await context.get(blob), "a layout of tensors", OWN_LIMITS) as TensorLayout;
  return { tensors, layout };
}

/** @throws {DataError} when the file is damaged */
function readLayout(bytes: Uint8Array<ArrayBuffer>, subject: string): TensorLayout {
  const file = readSafetensors(bytes, subject);
  const elements = file.tensor("elements").data as Int32Array;
  const affine = file.entries.has("affine") && file.tensor("affine").data as Float64Array;
  const shapes = file.entries.has("shapes") && file.tensor("shapes").data as Int32Array;
  return {
    shape: [...file.tensor("data").shape],
    ...(shapes && {
      shapes: Array.from(elements, (_, i) => [...shapes.subarray(3 * i, 3 * i + 3)]),
    }),
    elements: [...elements],
    ...(affine && { spacing: spacingOf(affine) }),
  };
}

/** What all images of an artifact have in common. */
export interface Extraction {
  mode: Mode;
  /** Channels as the network sees them. */
  channels: number;
  json: ExtractionJson;
  /** Names of the masks of regions. */
  maskFiles?: readonly string[];
}

/** @throws {DataError} when the tensors of the images have different shapes */
export function imagesOutput(
  images: readonly ExtractedImage[],
  { mode, channels, json, maskFiles }: Extraction,
): StepOutput {
  checkShapes(images);
  checkSpacing(images);
  const { shape, shapes, elements } = images[0].layout;
  const differ = new Set(images.map(({ layout }) => layout.elements.join())).size > 1;
  const index = images.map(({ participant, session, digest, stem, cohort }) => ({
    participant,
    session,
    sourceDigest: digest,
    path: tensorsPath(participant, session),
    stem,
    cohort,
  }));
  return {
    meta: {
      mode,
      // Positions where the images have slices of their own.
      elements: differ ? elements.map((_, i) => i) : elements,
      ...describeShapes((shapes ?? [shape.slice(2)]).map((extents) => [channels, ...extents])),
      extraction: {
        ...withGeometry(images, json),
        ...differ && { own_slices: true },
      } as unknown as Json,
      ...(maskFiles && { mask_files: maskFiles }),
    },
    files: {
      [INDEX_FILE]: writeIndex(
        index,
        differ ? images.map(({ layout }) => layout.elements) : undefined,
      ),
      ...Object.fromEntries(images.map(({ tensors }, i) => [index[i].path, tensors])),
    },
  };
}

/**
 * The extraction's JSON with what its images have in common: voxel sizes and orientations.
 *
 * @throws {DataError} when images that are cut as stored are stored in several orientations
 */
function withGeometry(
  images: readonly ExtractedImage[],
  { orientation, ...json }: ExtractionJson,
): ExtractionJson {
  const { spacing, stored } = images[0].layout;
  const fields = { ...json, ...(spacing && { spacing }) };
  const groups = Map.groupBy(images, ({ layout: { stored = "unknown" } }) => stored);
  if (orientation === "stored") {
    if (groups.size > 1) {
      throw new DataError(
        "extraction",
        'orientation = "stored" needs images that are stored in one orientation, but these differ; ' +
          `leave it out, and all are turned to RAS\n${listGroups(groups)}`,
      );
    }
    return { ...fields, ...(stored && { orientation: stored }) };
  }
  // Resampling goes along the world's axes, whatever those of the file.
  const others = json.target_grid ? [] : [...groups.keys()].filter((code) => code !== orientation);
  return {
    ...fields,
    ...(orientation && { orientation }),
    ...(orientation && others.length > 0 && { reoriented_from: others.sort() }),
  };
}

/** An image, and the shape of its tensor. */
export interface Shaped {
  participant: string;
  session: string;
  layout: Pick<TensorLayout, "shape" | "shapes" | "spacing">;
}

/** A line a group, the largest first, each with some of its sessions. */
function listGroups(groups: ReadonlyMap<string, readonly Shaped[]>): string {
  return [...groups].sort(([, a], [, b]) => b.length - a.length).map(([name, group]) => {
    const names = group.slice(0, 3).map((image) => `${image.participant} ${image.session}`);
    return `  ${name}: ${group.length} (${names.join(", ")}${group.length > 3 ? ", …" : ""})`;
  }).join("\n");
}

/** @throws {DataError} listing the shapes when there is more than one */
export function checkShapes(images: readonly Shaped[]): void {
  const groups = Map.groupBy(
    images,
    ({ layout: { shape, shapes = [shape] } }) =>
      shapes.map((extents) => extents.join(" x ")).join(", "),
  );
  if (groups.size <= 1) return;
  throw new DataError(
    "extraction",
    "tensors of all images have one shape [elements, 1, …], but these differ; " +
      `set target_shape to resample the volumes to one grid\n${listGroups(groups)}`,
  );
}

/** @throws {DataError} listing the voxel sizes when they differ by more than rounding */
export function checkSpacing(images: readonly Shaped[]): void {
  const first = images.find(({ layout }) => layout.spacing)?.layout.spacing;
  if (first === undefined) return;
  if (images.every(({ layout: { spacing = first } }) => sameSpacing(spacing, first))) return;
  const groups = Map.groupBy(images, ({ layout: { spacing = [] } }) => `${spacing.join(" x ")} mm`);
  throw new DataError(
    "extraction",
    "voxels of all images have one size, but these differ; set target_shape and target_spacing " +
      `to resample the volumes to one grid\n${listGroups(groups)}`,
  );
}
