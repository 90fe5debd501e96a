/** Writes `images` artifacts from extracted volumes. */
import { DataError } from "../errors.ts";
import { readSafetensors } from "../formats/safetensors.ts";
import type { ExtractionJson, Mode } from "../imaging/datasets/extraction_json.ts";
import type { Blob, Json, StepContext, StepOutput } from "../workflow/step.ts";
import { INDEX_FILE, tensorsPath, writeIndex } from "./images.ts";

/** Shape and element ids of a volume's tensors. */
export interface TensorLayout {
  /** [elements, 1, spatial...] */
  shape: number[];
  elements: number[];
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
 * @param extract returns a safetensors file with `data` and `elements`
 */
export async function cacheTensors(
  context: StepContext<unknown>,
  key: Json,
  extract: () => Promise<Uint8Array<ArrayBuffer>>,
): Promise<{ tensors: Blob; layout: TensorLayout }> {
  let extracted: TensorLayout | undefined;
  const tensors = await context.memo(key, async () => {
    const bytes = await extract();
    extracted = readLayout(bytes, "extracted tensors");
    return bytes;
  });
  const blob = await context.memo({ layoutOf: tensors.digest }, async () => {
    const layout = extracted ?? readLayout(await context.get(tensors), tensors.digest);
    return new TextEncoder().encode(JSON.stringify(layout));
  });
  const layout = extracted ?? JSON.parse(new TextDecoder().decode(await context.get(blob)));
  return { tensors, layout };
}

/** @throws {DataError} when the file is damaged */
function readLayout(bytes: Uint8Array<ArrayBuffer>, subject: string): TensorLayout {
  const file = readSafetensors(bytes, subject);
  const elements = file.tensor("elements").data as Int32Array;
  return { shape: [...file.tensor("data").shape], elements: [...elements] };
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
  const { shape, elements } = images[0].layout;
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
      element_shape: [channels, ...shape.slice(2)],
      extraction: json as unknown as Json,
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

/** An image, and the shape of its tensor. */
export interface Shaped {
  participant: string;
  session: string;
  layout: Pick<TensorLayout, "shape">;
}

/** @throws {DataError} listing the shapes when there is more than one */
export function checkShapes(images: readonly Shaped[]): void {
  const groups = Map.groupBy(images, ({ layout: { shape } }) => shape.join(" x "));
  if (groups.size <= 1) return;
  const lines = [...groups].sort(([, a], [, b]) => b.length - a.length).map(([shape, group]) => {
    const names = group.slice(0, 3).map((image) => `${image.participant} ${image.session}`);
    return `  ${shape}: ${group.length} (${names.join(", ")}${group.length > 3 ? ", …" : ""})`;
  });
  throw new DataError(
    "extraction",
    "tensors of all images have one shape [elements, 1, …], but these differ; " +
      `set target_shape to resample the volumes to one grid\n${lines.join("\n")}`,
  );
}
