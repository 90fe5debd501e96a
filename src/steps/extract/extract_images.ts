/** Extracts every image of a `caps` artifact, each cached by its bytes and recipe. */
import { type CapsImage, capsMeta, listImages } from "../../artifacts/caps.ts";
import {
  cacheTensors,
  checkShapes,
  checkSpacing,
  type ExtractedImage,
  imagesOutput,
  type Shaped,
} from "../../artifacts/images_output.ts";
import { DataError } from "../../errors.ts";
import { type BidsModality, bidsPattern } from "../../imaging/datasets/bids.ts";
import { capsPattern, type Preprocessing } from "../../imaging/datasets/caps.ts";
import { forEachConcurrently } from "../../imaging/concurrent.ts";
import { type ImageProblem, throwProblems } from "../../imaging/datasets/dataset.ts";
import type { MaskFile } from "../../imaging/extract/extract_file.ts";
import { ExtractionPool } from "../../imaging/extract/extract_pool.ts";
import { inWorldOrder } from "../../imaging/nifti/orientation.ts";
import { elementsShape, type Recipe } from "../../imaging/extract/extraction.ts";
import {
  type ExtractionJson,
  imageStem,
  type Mode,
} from "../../imaging/datasets/extraction_json.ts";
import { nameSome } from "../../tables/session_table.ts";
import type { Artifact, Json, StepContext, StepOutput } from "../../workflow/step.ts";

/**
 * Checks by the volumes' shapes that slices can be cut, before thousands are.
 *
 * @throws {DataError} listing every image that lacks a slice, or those whose slices have another
 *   shape than the others'
 */
export async function checkSlices(
  caps: Artifact,
  recipe: (image: CapsImage) => Recipe & { mode: "slice" },
): Promise<void> {
  const problems: ImageProblem[] = [];
  const shaped: Shaped[] = [];
  for (const image of await listImages(caps)) {
    if (image.shape === undefined || image.orientation === undefined) continue;
    try {
      shaped.push({
        ...image,
        layout: layoutOf(recipe(image), image),
      });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      problems.push({ ...image, problem: error.message });
    }
  }
  throwProblems(problems, "extraction");
  checkShapes(shaped);
  checkSpacing(shaped);
}

/** Shape and voxel sizes of the slices of an image that was not read yet. */
function layoutOf(
  recipe: Recipe & { mode: "slice" },
  { shape, spacing, orientation, path }: CapsImage,
): Shaped["layout"] {
  const turn = (values: readonly number[]) =>
    recipe.orientation === "stored" ? values : inWorldOrder(values, orientation!);
  return {
    shape: elementsShape(recipe, turn(shape!), path)!,
    ...(spacing && !recipe.target_grid && { spacing: turn(spacing) }),
  };
}

/** The fields of an extraction's JSON that describe the images. */
export function describeImages(caps: Artifact): Pick<
  ExtractionJson,
  | "preprocessing"
  | "use_uncropped_image"
  | "file_type"
  | "tracer"
  | "suvr_reference_region"
  | "custom_suffix"
  | "entities"
  | "frame"
> {
  const { source, preprocessing, use_uncropped_image, ...rest } = capsMeta(caps);
  const { tracer, suvr_reference_region, custom_suffix, reconstruction, entities, frame } = rest;
  const optional = {
    ...(tracer && { tracer }),
    ...(suvr_reference_region && { suvr_reference_region }),
    ...(custom_suffix && { custom_suffix }),
    ...(reconstruction && { reconstruction }),
  };
  return {
    preprocessing,
    use_uncropped_image: use_uncropped_image ?? null,
    file_type: source === "bids"
      ? bidsPattern({ modality: preprocessing as BidsModality, ...optional })
      : capsPattern({
        preprocessing: preprocessing as Preprocessing,
        use_uncropped_image: use_uncropped_image ?? false,
        ...optional,
      }),
    ...optional,
    ...(entities && { entities }),
    ...(frame !== undefined && { frame }),
  };
}

export interface ExtractionPlan {
  mode: Mode;
  /** What to cut from an image. */
  recipe(image: CapsImage): Recipe;
  /** Channels as the network sees them. */
  channels: number;
  masks?: readonly MaskFile[];
  /** ClinicaDL's description, less what {@link describeImages} knows. */
  json: Partial<ExtractionJson>;
  /** Name of the published JSON. */
  extract_json?: string;
}

/**
 * The `images` artifact.
 *
 * @throws {DataError} listing every image that can't be extracted, or whose elements have another
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
    const extracted = await extractEach(context, images, pool, plan);
    const fields = describeImages(caps);
    return imagesOutput(extracted, {
      mode: plan.mode,
      channels: plan.channels,
      json: {
        ...fields,
        orientation: "RAS",
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
const MAX_PROBLEMS = 20;

async function extractEach(
  context: StepContext<unknown>,
  images: readonly CapsImage[],
  pool: ExtractionPool,
  plan: ExtractionPlan,
): Promise<ExtractedImage[]> {
  const extracted: ExtractedImage[] = [];
  const problems: ImageProblem[] = [];
  const { frame } = capsMeta(context.inputs.caps as Artifact);
  let done = 0;
  await forEachConcurrently(images, pool.concurrency, async (image, index) => {
    context.signal.throwIfAborted();
    if (problems.length >= MAX_PROBLEMS) return;
    const { frame_durations } = image;
    const recipe = {
      ...plan.recipe(image),
      ...(frame !== undefined && { frame }),
      ...(frame_durations && { frame_durations }),
    };
    let problem: DataError | undefined;
    const compute = async () => {
      const bytes = await context.get(image);
      try {
        return await pool.extract(bytes, recipe, image.path);
      } catch (error) {
        if (error instanceof DataError) problem = error;
        throw error;
      }
    };
    try {
      const key = { image: image.digest, recipe: recipe as unknown as Json };
      const cached = await cacheTensors(context, key, compute);
      extracted[index] = { ...image, stem: imageStem(image.path), ...cached };
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
  const report = (what: string, read: (image: ExtractedImage) => string | undefined) => {
    const names = extracted.flatMap((image) => {
      const detail = read(image);
      return detail === undefined ? [] : [`${image.participant} ${image.session} (${detail})`];
    });
    if (names.length > 0) context.warn(`${names.length} image(s) ${what}: ${nameSome(names, 10)}`);
  };
  // Failed scans and conversions, which extraction takes for images.
  report("hold one value in every voxel; NaN becomes 0", ({ layout }) => layout.only_value);
  report(
    "contradict their headers and are read by datatype and shape",
    ({ layout }) => layout.contradictions?.join("; "),
  );
  return extracted;
}
