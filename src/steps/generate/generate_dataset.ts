/** Generates the images of a planned data set, each cached by its recipe, and a contact sheet. */
import { capsOutput } from "../../artifacts/caps.ts";
import { forEachConcurrently } from "../../imaging/concurrent.ts";
import { contactSheet } from "../../imaging/generate/contact_sheet.ts";
import type { SourceImage } from "../../imaging/generate/image.ts";
import type { DatasetPlan, PlannedImage } from "../../imaging/generate/plan.ts";
import { GeneratorPool } from "../../imaging/generate/pool.ts";
import { readHead, readUpright } from "../../imaging/generate/volume.ts";
import type { Blob, StepContext, StepOutput } from "../../workflow/step.ts";

type Context = StepContext<unknown>;

/** A mask file on the grid of the images that it is used with. */
export interface Mask {
  digest: string;
  image: SourceImage;
}

/** Heads of each class on the contact sheet. */
const SHEET_HEADS = 6;

/**
 * The outputs of a generator.
 *
 * @param masks that the planned images name by index; those of the images themselves when empty
 * @throws {DataError} when a source or a mask can't be used
 */
export async function generateDataset(
  context: Context,
  plan: DatasetPlan,
  masks: readonly Mask[] = [],
): Promise<Record<"caps" | "contact_sheet", StepOutput>> {
  const pool = new GeneratorPool(Math.min(context.cpus + 1, plan.images.length));
  const blobs: Blob[] = [];
  let done = 0;
  try {
    await forEachConcurrently(plan.images, pool.threads, async (image, index) => {
      context.signal.throwIfAborted();
      blobs[index] = await generateOne(context, pool, image, masks);
      done++;
      context.progress({
        fraction: done / plan.images.length,
        message: `image ${done}/${plan.images.length}`,
      });
    });
  } finally {
    pool.close();
  }
  const images = plan.images.map((image, i) => ({ ...image, ...blobs[i] }));
  return {
    caps: capsOutput(plan.meta, { images, sessions: plan.sessions, extras: plan.masks }),
    contact_sheet: {
      files: { "contact_sheet.png": await drawContactSheet(context, plan, blobs) },
    },
  };
}

async function generateOne(
  context: Context,
  pool: GeneratorPool,
  { recipe, source, mask: maskIndex }: PlannedImage,
  masks: readonly Mask[],
): Promise<Blob> {
  if (recipe === undefined) return { digest: source!.digest, size: source!.size };
  const mask = maskIndex === undefined ? undefined : masks[maskIndex];
  const key = { recipe, source: source?.digest ?? null, mask: mask?.digest ?? null };
  return await context.memo(key, async () =>
    await pool.generate({
      recipe,
      source: source && {
        subject: source.path,
        bytes: await context.get({ digest: source.digest, size: source.size }),
      },
      mask: mask?.image,
    }));
}

async function drawContactSheet(
  context: Context,
  plan: DatasetPlan,
  blobs: readonly Blob[],
): Promise<Uint8Array> {
  const diagnosis = ({ recipe }: PlannedImage) =>
    recipe === undefined ? "CN" : "session" in recipe ? recipe.session.diagnosis : "AD";
  const readHeads = async (wanted: string) => {
    const first = plan.images.map((image, i) => ({ image, blob: blobs[i] }))
      .filter(({ image }) => diagnosis(image) === wanted).slice(0, SHEET_HEADS);
    const heads = [];
    for (const { image, blob } of first) {
      // Scans are stored along any axes.
      const read = image.recipe?.kind === "scan" ? readUpright : readHead;
      heads.push(read(await context.get(blob), image.path));
    }
    return heads;
  };
  return contactSheet(await readHeads("AD"), await readHeads("CN"));
}
