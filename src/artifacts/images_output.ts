/** From extracted volumes to an `images` artifact. */
import { DataError } from "../errors.ts";
import { readSafetensors } from "../formats/safetensors.ts";
import { writeTsv } from "../formats/tsv.ts";
import type { ExtractionJson, Mode } from "../imaging/datasets/extraction_json.ts";
import type { Blob, Json, StepContext, StepOutput } from "../workflow/step.ts";

/** Shape and element ids of a volume's tensors. */
export interface Layout {
  shape: number[];
  elements: number[];
}

/** A session and its tensors. */
export interface Extracted {
  participant: string;
  session: string;
  cohort: string;
  /** File name of the image without its extension. */
  stem: string;
  /** Of the image. */
  digest: string;
  tensors: Blob;
  layout: Layout;
}

/** Remembered apart, so that tensors are not read for their shape alone. */
export async function layoutOf(context: StepContext<unknown>, tensors: Blob): Promise<Layout> {
  const blob = await context.memo({ layoutOf: tensors.digest }, async () => {
    const file = readSafetensors(await context.get(tensors), tensors.digest);
    const layout: Layout = {
      shape: [...file.entries.get("data")!.shape],
      elements: [...file.tensor("elements").data as Int32Array],
    };
    return new TextEncoder().encode(JSON.stringify(layout));
  });
  return JSON.parse(new TextDecoder().decode(await context.get(blob)));
}

/** What an `images` artifact says of all its images. */
export interface Description {
  mode: Mode;
  /** Channels as the network sees them. */
  channels: number;
  json: ExtractionJson;
  /** Names of the masks of regions. */
  maskFiles?: readonly string[];
}

/** @throws {DataError} when the tensors of the images have different shapes */
export function imagesOutput(images: readonly Extracted[], description: Description): StepOutput {
  checkShapes(images);
  const { shape } = images[0].layout;
  const ids = new Set(images.map(({ layout }) => layout.elements.join(",")));
  const own = ids.size > 1;
  const { mode, channels, json, maskFiles } = description;
  const columns = ["participant_id", "session_id", "source_digest", "path", "stem", "cohort"];
  const path = (image: Extracted) => `${image.participant}/${image.session}.safetensors`;
  return {
    meta: {
      mode,
      elements: own ? images[0].layout.elements.map((_, i) => i) : images[0].layout.elements,
      element_shape: [channels, ...shape.slice(2)],
      extraction: json as unknown as Json,
      ...(maskFiles && { mask_files: maskFiles }),
    },
    files: {
      "index.tsv": writeTsv(
        own ? [...columns, "elements"] : columns,
        images.map((image) => [
          image.participant,
          image.session,
          image.digest,
          path(image),
          image.stem,
          image.cohort,
          ...(own ? [image.layout.elements.join(",")] : []),
        ]),
      ),
      ...Object.fromEntries(images.map((image) => [path(image), image.tensors])),
    },
  };
}

/** An image, and the shape of its tensor. */
export interface Shaped {
  participant: string;
  session: string;
  layout: Pick<Layout, "shape">;
}

/** @throws {DataError} telling the shapes apart */
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
