/** Applies transforms to an image and draws what they make of it. */
import { type ImageSet, openImages, readIndex, type Sample } from "../../artifacts/images.ts";
import type { DeviceService } from "../../device/open.ts";
import { DataError } from "../../errors.ts";
import type { Device } from "../../gpu/device.ts";
import { applyTransforms } from "../../nn/transforms/apply.ts";
import { type ItemGeometry, itemGeometry, type TransformEntry } from "../../nn/transforms/mod.ts";
import type { Artifact, StepContext, StepOutput } from "../../workflow/step.ts";
import { elementData } from "../model/element_data.ts";
import { loadedShape, loadingOf, scaled } from "../model/loading.ts";
import { transformOptions } from "./transform_options.ts";
import { drawSheet, type SheetRow } from "./contact_sheet.ts";
import type { PreviewParams } from "./preview.ts";

type Context = StepContext<PreviewParams, DeviceService>;

/** @throws {DataError} an image that is not there, or a transform that its elements don't allow */
export async function drawPreview(context: Context): Promise<{ preview: StepOutput }> {
  const { params, inputs } = context;
  const images = await openImages(inputs.images as Artifact);
  const sample = await findSample(images, params);
  const element = params.element ?? images.elements.length >> 1;
  if (element >= images.elements.length) {
    throw new DataError(
      "element",
      `is ${element}, and images have ${images.elements.length} elements, from 0`,
    );
  }
  const loading = loadingOf(params);
  const options = transformOptions(params, images, (message) => context.warn(message))!;
  const [, ...extents] = loadedShape(loading, images.mode, images.elementShapes[element]);
  const geometry = itemGeometry(extents, options.spacing);
  const data = elementData(images, [sample], loading);
  const read = await data.ofElement(element).read(0);
  const item = data.normalisation === "element" ? scaled(read) : Float32Array.from(read);
  const device = await context.services.device();
  const rows = await transformRows(device, options.entries, geometry, item, params);
  context.log(`drew ${sample.participant} ${sample.session}, element ${element}`);
  return { preview: { files: { "augmentations.png": drawSheet(rows, item, geometry) } } };
}

async function findSample(
  images: ImageSet,
  { participant_id, session_id }: PreviewParams,
): Promise<Sample> {
  const rows = await readIndex(images.artifact);
  const found = rows.find(({ participant, session }) =>
    (participant_id === undefined || participant === participant_id) &&
    (session_id === undefined || session === session_id)
  );
  if (found) return { ...found, row: {} };
  throw new DataError(
    "the images",
    `have none of ${[participant_id, session_id].filter((id) => id !== undefined).join(" ")}`,
  );
}

/** The image itself, what each transform makes of it, and what all together do. */
async function transformRows(
  device: Device,
  entries: readonly TransformEntry[],
  geometry: ItemGeometry,
  item: Float32Array<ArrayBuffer>,
  { n_draws, seed }: PreviewParams,
): Promise<SheetRow[]> {
  const batch = new Float32Array(n_draws * item.length);
  for (let n = 0; n < n_draws; n++) batch.set(item, n * item.length);
  const draw = async (label: string, list: readonly TransformEntry[]): Promise<SheetRow> => {
    const values = await applyTransforms(device, list, geometry, batch, { seed, epoch: 0 });
    const items = Array.from(
      { length: n_draws },
      (_, n) => values.subarray(n * item.length, (n + 1) * item.length),
    );
    return { label, items };
  };
  const rows: SheetRow[] = [{ label: "image", items: [item] }];
  for (const entry of entries) {
    const [[name, params]] = Object.entries(entry);
    rows.push(await draw(name, [{ [name]: { ...params, p: 1 } } as TransformEntry]));
  }
  if (entries.length > 1) rows.push(await draw("all", entries));
  return rows;
}
