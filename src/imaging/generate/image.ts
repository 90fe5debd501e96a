/** One generated image: a pure function of its description. */
import { DataError } from "../../errors.ts";
import { Random } from "../../random.ts";
import { type Anatomy, drawAnatomy } from "./anatomy.ts";
import { gridDistance } from "../nifti/orientation.ts";
import { addArtifacts, type ArtifactOptions } from "./artifacts.ts";
import { halfMasks } from "./half_masks.ts";
import { hypometabolise, type Pathology, pathologyMask } from "./hypometabolic.ts";
import type { GeneratedSession } from "./participants.ts";
import { renderPhantom } from "./phantom.ts";
import { drawScan, renderScan } from "./scan.ts";
import { drawSubtype, renderSheppLogan, type Subtype } from "./shepp_logan.ts";
import { addNoise, applyAtrophy } from "./trivial.ts";
import { type HeadVolume, readHead, writeHead } from "./volume.ts";

/** A real image to start from. */
export interface SourceImage {
  /** For messages. */
  subject: string;
  bytes: Uint8Array;
}

/** What an image is made of, and so its key: everything but the bytes of sources and masks. */
export type ImageRecipe =
  | {
    kind: "phantom";
    seed: number;
    session: GeneratedSession;
    shape: readonly [number, number, number];
    strength: number;
  }
  | {
    kind: "scan";
    seed: number;
    session: GeneratedSession;
    /** Edge of a voxel, mm; about that of the image. */
    voxel: number;
    strength: number;
  }
  | { kind: "trivial"; seed: number; session: GeneratedSession; atrophyPercent: number }
  | { kind: "random"; seed: number; session: GeneratedSession; mean: number; sigma: number }
  | {
    kind: "shepplogan";
    seed: number;
    session: GeneratedSession;
    size: number;
    subtypes: readonly number[];
    smoothing: boolean;
  }
  | { kind: "hypometabolic"; pathology: Pathology; degree: number; sigma: number }
  | { kind: "artifacts"; seed: number; image: number; options: ArtifactOptions };

export interface ImageJob {
  recipe: ImageRecipe;
  source?: SourceImage;
  /** An atlas's mask, on the source's grid. */
  mask?: SourceImage;
}

/** The Shepp-Logan subtype of a participant. */
export function subtypeOf(
  recipe: { seed: number; session: GeneratedSession; subtypes: readonly number[] },
): Subtype {
  const random = new Random(recipe.seed, "shepplogan subtype", recipe.session.participant);
  return drawSubtype(recipe.subtypes, random);
}

/**
 * A `.nii.gz` file.
 *
 * @throws {DataError} when the source or mask can't be used
 */
export function generateImage({ recipe, source, mask }: ImageJob): Uint8Array<ArrayBuffer> {
  const description = `gyrus ${recipe.kind}`;
  switch (recipe.kind) {
    case "phantom": {
      const anatomy = anatomyOf(recipe);
      return writeHead(renderPhantom(anatomy, recipe.shape, createRandom(recipe)), description);
    }
    case "scan": {
      const { participant, months } = recipe.session;
      const random = new Random(recipe.seed, `scan pose ${participant} ${months}`);
      const scan = drawScan(random, recipe.voxel);
      const head = renderScan(anatomyOf(recipe), scan, createRandom(recipe));
      return writeHead(head, description, "scanner");
    }
    case "trivial": {
      const head = readSource(source);
      const halves = mask === undefined
        ? halfMasks(head, source?.subject ?? "source")
        : readMask(mask, head, recipe.session.diagnosis === "AD" ? 1 : 2);
      return writeHead(
        applyAtrophy(
          head,
          halves,
          recipe.session.diagnosis,
          recipe.atrophyPercent,
          createRandom(recipe),
        ),
        description,
      );
    }
    case "random":
      return writeHead(
        addNoise(readSource(source), recipe.mean, recipe.sigma, createRandom(recipe)),
        description,
      );
    case "shepplogan":
      return writeHead(
        renderSheppLogan(recipe.size, subtypeOf(recipe), recipe.smoothing, createRandom(recipe)),
        description,
      );
    case "hypometabolic": {
      const head = readSource(source);
      const regions = mask === undefined
        ? pathologyMask(recipe.pathology, head)
        : readMask(mask, head, 1);
      return writeHead(
        hypometabolise(head, regions, recipe.degree, recipe.sigma),
        description,
      );
    }
    case "artifacts":
      return writeHead(
        addArtifacts(
          readSource(source),
          recipe.options,
          new Random(recipe.seed, "artifacts", recipe.image),
        ),
        description,
      );
  }
}

function anatomyOf(
  { seed, session, strength }: { seed: number; session: GeneratedSession; strength: number },
): Anatomy {
  const years = session.months / 12;
  const subject = {
    diagnosis: session.diagnosis,
    age: session.age - years,
    sex: session.sex,
    followUp: years,
  };
  return drawAnatomy(seed, session.participant, subject, strength);
}

/** Numbers of one image, apart from those of any other session. */
function createRandom(
  recipe: { kind: string; seed: number; session: GeneratedSession },
): Random {
  const { participant, months } = recipe.session;
  return new Random(recipe.seed, `${recipe.kind} image ${participant} ${months}`);
}

function readSource(source: SourceImage | undefined) {
  if (source === undefined) throw new TypeError("the recipe needs a source image");
  return readHead(source.bytes, source.subject);
}

/** Marks the mask's voxels with `value`. */
function readMask(
  mask: SourceImage,
  head: Pick<HeadVolume, "shape" | "affine">,
  value: number,
): Uint8Array {
  const { shape, data, affine } = readHead(mask.bytes, mask.subject);
  if (shape.join() !== head.shape.join()) {
    throw new DataError(
      mask.subject,
      `the mask is ${shape.join(" x ")} voxels, the image ${head.shape.join(" x ")}`,
    );
  }
  const distance = gridDistance(head, { affine });
  if (distance !== undefined) {
    throw new DataError(
      mask.subject,
      `the mask is elsewhere: its corners are up to ${
        Number(distance.toPrecision(3))
      } voxels from ` +
        "the image's; use a mask on the image's grid, or correct the affine that is wrong",
    );
  }
  return Uint8Array.from(data, (inside) => inside > 0.5 ? value : 0);
}
