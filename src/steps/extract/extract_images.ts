/** Extracts every image of a CAPS artifact, each once for its bytes and recipe. */
import { DataError } from "../../errors.ts";
import { columnIndices, readTsv } from "../../formats/tsv.ts";
import { bidsPattern } from "../../imaging/datasets/bids.ts";
import { type CapsImageType, capsPattern } from "../../imaging/datasets/caps.ts";
import { forEachConcurrently } from "../../imaging/concurrent.ts";
import { type ImageProblem, throwProblems } from "../../imaging/datasets/dataset.ts";
import type { MaskFile } from "../../imaging/extract/extract_file.ts";
import { ExtractionPool } from "../../imaging/extract/extract_pool.ts";
import { type Recipe, slicesShape } from "../../imaging/extract/extraction.ts";
import {
  type ExtractionJson,
  imageStem,
  type Mode,
} from "../../imaging/datasets/extraction_json.ts";
import type { Artifact, Json, StepContext, StepOutput } from "../../workflow/step.ts";
import {
  checkShapes,
  type Extracted,
  imagesOutput,
  layoutOf,
  type Shaped,
} from "../../artifacts/images_output.ts";

/** An image of a CAPS artifact. */
export interface CapsImage {
  participant: string;
  session: string;
  /** File of the artifact. */
  path: string;
  digest: string;
  cohort: string;
  /** Voxels along each axis, where they are known before it is read. */
  shape?: readonly number[];
}

/** @throws {DataError} when `images.tsv` is damaged */
export async function listImages(caps: Artifact): Promise<CapsImage[]> {
  const subject = "images.tsv of the data set";
  const table = readTsv(await caps.readText("images.tsv"), subject);
  const names = ["participant_id", "session_id", "path", "digest", "cohort"] as const;
  const at = columnIndices(table, names, subject);
  const shape = table.columns.indexOf("shape");
  return table.rows.map((row) => ({
    participant: row[at.participant_id]!,
    session: row[at.session_id]!,
    path: row[at.path]!,
    digest: row[at.digest]!,
    cohort: row[at.cohort] ?? "single",
    shape: row[shape]?.split("x").map(Number),
  }));
}

/**
 * Tells from the volumes' shapes what would fail once thousands are cut.
 *
 * @throws {DataError} telling every image that lacks a slice, or those whose slices have another
 *   shape than the others'
 */
export async function checkSlices(
  caps: Artifact,
  recipe: (image: CapsImage) => Recipe & { mode: "slice" },
): Promise<void> {
  const problems: ImageProblem[] = [];
  const shaped: Shaped[] = [];
  for (const image of await listImages(caps)) {
    if (image.shape === undefined) continue;
    try {
      shaped.push({
        ...image,
        layout: { shape: slicesShape(recipe(image), image.shape, image.path) },
      });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      problems.push({ ...image, problem: error.message });
    }
  }
  throwProblems(problems, "extraction");
  checkShapes(shaped);
}

/** The fields of an extraction's JSON that say what the images are. */
export function imageFields(caps: Artifact): Pick<
  ExtractionJson,
  | "preprocessing"
  | "use_uncropped_image"
  | "file_type"
  | "tracer"
  | "suvr_reference_region"
  | "custom_suffix"
> {
  const { source, preprocessing, use_uncropped_image, ...rest } = caps.meta;
  const text = (name: string) => {
    const value = rest[name];
    return typeof value === "string" ? { [name]: value } : {};
  };
  const optional = {
    ...text("tracer"),
    ...text("suvr_reference_region"),
    ...text("custom_suffix"),
    ...text("reconstruction"),
  };
  const uncropped = typeof use_uncropped_image === "boolean" ? use_uncropped_image : null;
  const name = String(preprocessing);
  return {
    preprocessing: name,
    use_uncropped_image: uncropped,
    file_type: source === "bids"
      ? bidsPattern({ modality: name as "t1", ...optional })
      : capsPattern({
        preprocessing: name as CapsImageType["preprocessing"],
        use_uncropped_image: uncropped ?? false,
        ...optional,
      }),
    ...optional,
  };
}

export interface ExtractionPlan {
  mode: Mode;
  /** What to cut from an image. */
  recipe(image: CapsImage): Recipe;
  /** Channels as the network sees them. */
  channels: number;
  masks?: readonly MaskFile[];
  /** ClinicaDL's description, less what {@link imageFields} knows. */
  json: Partial<ExtractionJson>;
  /** Name of the published JSON. */
  extract_json?: string;
}

/**
 * The `images` artifact.
 *
 * @throws {DataError} telling every image that can't be extracted, or whose elements have another
 *   shape than the others'
 */
export async function extractAll(
  context: StepContext<unknown>,
  plan: ExtractionPlan,
): Promise<StepOutput> {
  const caps = context.inputs.caps as Artifact;
  const images = await listImages(caps);
  // This thread only waits, so that a worker may have its processor.
  const pool = new ExtractionPool(Math.min(context.cpus + 1, images.length), plan.masks);
  try {
    const extracted = await extractEach(context, caps, images, pool, plan);
    const fields = imageFields(caps);
    return imagesOutput(extracted, {
      mode: plan.mode,
      channels: plan.channels,
      json: {
        ...fields,
        ...plan.json,
        mode: plan.mode,
        prepare_dl: true,
        extract_json: plan.extract_json ?? `${fields.preprocessing}_${plan.mode}`,
      },
      ...(plan.masks && { maskFiles: plan.masks.map(({ subject }) => subject) }),
    });
  } finally {
    pool.close();
  }
}

/** Problems after which the other images are not tried: a recipe may suit none of thousands. */
const MAX_FAULTS = 20;

async function extractEach(
  context: StepContext<unknown>,
  caps: Artifact,
  images: readonly CapsImage[],
  pool: ExtractionPool,
  plan: ExtractionPlan,
): Promise<Extracted[]> {
  const files = new Map(caps.files.map((file) => [file.path, file]));
  const extracted: Extracted[] = [];
  const problems: ImageProblem[] = [];
  let done = 0;
  await forEachConcurrently(images, pool.concurrency, async (image, index) => {
    context.signal.throwIfAborted();
    if (problems.length >= MAX_FAULTS) return;
    const file = files.get(image.path);
    if (file === undefined) throw new DataError(image.path, "is not among the data set's files");
    const recipe = plan.recipe(image);
    let problem: DataError | undefined;
    const compute = async () => {
      const bytes = await context.get(file);
      try {
        return await pool.extract(bytes, recipe, image.path);
      } catch (error) {
        if (error instanceof DataError) problem = error;
        throw error;
      }
    };
    try {
      const tensors = await context.memo(
        { image: file.digest, recipe: recipe as unknown as Json },
        compute,
      );
      const layout = await layoutOf(context, tensors);
      extracted[index] = { ...image, stem: imageStem(image.path), tensors, layout };
    } catch (error) {
      if (problem === undefined || error !== problem) throw error;
      problems.push({ ...image, problem: problem.message });
    }
    done++;
    context.progress({
      fraction: done / images.length,
      message: `${done}/${images.length} images`,
    });
  });
  throwProblems(problems, "extraction");
  return extracted;
}
