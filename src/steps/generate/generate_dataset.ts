/** Generates a data set, image by image. */
import { DataError } from "../../errors.ts";
import { readTsv } from "../../formats/tsv.ts";
import { forEachConcurrently } from "../../imaging/concurrent.ts";
import { contactSheet } from "../../imaging/generate/contact_sheet.ts";
import type { SourceImage } from "../../imaging/generate/image.ts";
import {
  type DatasetPlan,
  type ImageType,
  planArtifacts,
  planFromSources,
  planHypometabolic,
  type PlannedImage,
  planPhantoms,
  planSheppLogan,
  type Sources,
} from "../../imaging/generate/plan.ts";
import { GeneratorPool } from "../../imaging/generate/pool.ts";
import { imagesTsv, t1LinearPath } from "../../imaging/generate/tree.ts";
import { readHead } from "../../imaging/generate/volume.ts";
import type { Artifact, Blob, Json, StepContext, StepOutput } from "../../workflow/step.ts";
import type { GenerateParameters } from "../caps/generate.ts";
import { listImages } from "../extract/extract_images.ts";

type Context = StepContext<GenerateParameters>;

/** Heads of each class on the contact sheet. */
const SHOWN = 6;

/**
 * The outputs of `caps.generate`.
 *
 * @throws {DataError} when there is no image to start from, or one or a mask can't be used
 */
export async function generateDataset(context: Context): Promise<Record<string, StepOutput>> {
  const plan = await planDataset(context);
  const masks = await readMasks(context);
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
  const files = Object.fromEntries(plan.images.map((image, i) => [image.path, blobs[i]]));
  return {
    caps: {
      meta: plan.meta,
      files: {
        ...files,
        "images.tsv": imagesTsv(
          plan.images.map((image, i) => ({ ...image, digest: blobs[i].digest })),
        ),
        "participants.tsv": plan.participantsTsv,
      },
    },
    contact_sheet: {
      files: { "contact_sheet.png": await drawContactSheet(context, plan, blobs) },
    },
  };
}

interface Mask {
  digest: string;
  image: SourceImage;
}

async function generateOne(
  context: Context,
  pool: GeneratorPool,
  { recipe, source, mask }: PlannedImage,
  masks: readonly Mask[],
): Promise<Blob> {
  const atlas = mask === undefined ? undefined : masks[mask % Math.max(1, masks.length)];
  const key = {
    recipe: recipe as unknown as Json,
    source: source?.digest ?? null,
    mask: atlas?.digest ?? null,
  };
  return await context.memo(key, async () =>
    await pool.generate({
      recipe,
      source: source && {
        subject: source.path,
        bytes: await context.get({ digest: source.digest, size: source.size }),
      },
      mask: atlas?.image,
    }));
}

async function planDataset(context: Context): Promise<DatasetPlan> {
  const { params } = context;
  const population = {
    nSubjects: params.n_subjects,
    nSessions: params.n_sessions,
    seed: params.seed,
  };
  const { seed } = params;
  switch (params.kind) {
    case "phantom": {
      const size = params.image_size;
      const shape: [number, number, number] = typeof size === "number" ? [size, size, size] : size;
      return planPhantoms(population, { shape, strength: params.strength });
    }
    case "shepplogan":
      return planSheppLogan(population, {
        // The default is the phantom's grid; ClinicaDL's is 128 pixels.
        size: typeof params.image_size === "number" ? params.image_size : 128,
        subtypes: {
          AD: params.ad_subtypes_distribution,
          CN: params.cn_subtypes_distribution,
        },
        smoothing: params.smoothing,
      });
    case "trivial": {
      const atrophyPercent = params.atrophy_percent;
      return planFromSources(
        "trivial",
        population,
        await readSources(context),
        (session) => ({ kind: "trivial", seed, session, atrophyPercent }),
      );
    }
    case "random": {
      const { mean, sigma } = params;
      return planFromSources(
        "random",
        population,
        await readSources(context),
        (session) => ({ kind: "random", seed, session, mean, sigma }),
      );
    }
    case "hypometabolic":
      return planHypometabolic(await readSources(context), params.n_subjects, {
        pathology: params.pathology,
        degree: params.anomaly_degree,
        sigma: params.blur_sigma,
      });
    case "artifacts":
      return planArtifacts(await readSources(context), seed, {
        artifacts: params.artifacts,
        translation: params.translation,
        rotation: params.rotation,
        numTransforms: params.num_transforms,
        gamma: params.gamma,
        noiseStd: params.noise_std,
      });
  }
}

/** The images of in.caps, or the one that `image` names. */
async function readSources(context: Context): Promise<Sources> {
  const { kind, image } = context.params;
  const caps = context.inputs.caps as Artifact | undefined;
  if (caps !== undefined) {
    const sizes = new Map(caps.files.map((file) => [file.path, file.size]));
    const images = (await listImages(caps)).map((row) => ({
      participantId: row.participant,
      sessionId: row.session,
      path: row.path,
      cohort: row.cohort,
      digest: row.digest,
      size: sizes.get(row.path) ?? 0,
    }));
    if (images.length === 0) throw new DataError("caps.generate", "the data set has no images");
    return {
      images,
      table: readTsv(await caps.readText("participants.tsv"), "participants.tsv"),
      type: caps.meta as ImageType,
    };
  }
  if (image === undefined) {
    throw new DataError(
      "caps.generate",
      `kind = "${kind}" starts from real images: give it a data set (in.caps)` +
        (kind === "trivial" || kind === "random" ? " or a NIfTI file (image)" : ""),
    );
  }
  const blob = await context.external(image);
  const [participantId, sessionId] = ["sub-SOURCE", "ses-M000"];
  const path = t1LinearPath(participantId, sessionId, true);
  return {
    images: [{ participantId, sessionId, path, digest: blob.digest, size: blob.size }],
    type: { preprocessing: "t1-linear", use_uncropped_image: true },
  };
}

/** Trivial: a mask for AD and one for CN; hypometabolic: one mask; otherwise none. */
async function readMasks(context: Context): Promise<Mask[]> {
  const { kind, mask_path: path } = context.params;
  if (path === undefined) return [];
  const load = async (file: string): Promise<Mask> => {
    const blob = await context.external(file);
    return { digest: blob.digest, image: { subject: file, bytes: await context.get(blob) } };
  };
  if (kind !== "trivial") return [await load(path)];
  return await Promise.all(["mask-1", "mask-2"].map(async (name) => {
    for (const file of [`${path}/${name}.nii`, `${path}/${name}.nii.gz`]) {
      if (await Deno.stat(file).then((info) => info.isFile, () => false)) return await load(file);
    }
    throw new DataError(path, `no ${name}.nii or ${name}.nii.gz is in this folder`);
  }));
}

async function drawContactSheet(
  context: Context,
  plan: DatasetPlan,
  blobs: readonly Blob[],
): Promise<Uint8Array> {
  const diagnosis = (image: PlannedImage) =>
    "session" in image.recipe ? image.recipe.session.diagnosis : "AD";
  const load = async (wanted: string) => {
    const first = plan.images.map((image, i) => ({ image, blob: blobs[i] }))
      .filter(({ image }) => diagnosis(image) === wanted).slice(0, SHOWN);
    const heads = [];
    for (const { image, blob } of first) heads.push(readHead(await context.get(blob), image.path));
    return heads;
  };
  return contactSheet(await load("AD"), await load("CN"));
}
