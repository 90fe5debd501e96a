/**
 * Registers a head to a template: the rigid and then the affine transform of greatest Mattes mutual
 * information, from coarse to fine, in the sequence that Clinica's `t1-linear` asks of ANTs.
 *
 * Intensities are winsorised. A rigid start is found at samples 8 mm apart. The transform is then
 * optimised as a rigid one at 8, 4 and 2 mm, and as an affine one at 8, 4 and 2 mm. The last level
 * decides: images smoothed by 1 voxel, one in four samples of a 2 mm grid, samples outside the head's
 * image excluded. Neither image is mirrored: a head whose header confuses left and right stays so, as
 * no measure of similarity can notice it.
 */
import { DataError } from "../../errors.ts";
import { type Affine, invertAffine, multiplyAffines } from "../nifti/affine.ts";
import type { ScalarImage } from "../scalar_image.ts";
import { align, type Alignment } from "./align.ts";
import { type FixedSamples, sampleFixed } from "./fixed_samples.ts";
import { centreOfMass, winsorise } from "./intensities.ts";
import type { Outside } from "./moving_samples.ts";
import { type InformationMeasure, MutualInformation } from "./mutual_information.ts";
import { affineFrom, rigidFrom } from "./parametrisation.ts";
import { buildPyramid, type Pyramid } from "./pyramid.ts";
import { findStart } from "./starts.ts";

interface Level {
  resolution: keyof Pyramid;
  /** Spacing of the grid of samples, mm. */
  spacing: number;
  /** Every n-th point of the grid is a sample. */
  every: number;
  outside: Outside;
  /** Limits of the optimiser, mm. */
  firstStep: number;
  tolerance: number;
  iterations: number;
}

// deno-fmt-ignore
const LEVELS: readonly Level[] = [
  { resolution: "coarse", spacing: 8, every: 1, outside: "background", firstStep: 2, tolerance: 0.2, iterations: 80 },
  { resolution: "middle", spacing: 4, every: 1, outside: "excluded", firstStep: 1, tolerance: 0.05, iterations: 80 },
  { resolution: "fine", spacing: 2, every: 4, outside: "excluded", firstStep: 0.3, tolerance: 0.01, iterations: 40 },
];

/** What a registration needs of a template. It is made once and may be sent to other threads. */
export interface FixedImage {
  /** Centre of mass, about which transforms turn: mm, RAS. */
  centre: readonly [number, number, number];
  /** Of each level, from coarse to fine. */
  samples: readonly FixedSamples[];
}

export interface RegistrationOptions {
  /** The file or participant, for messages. */
  subject?: string;
  /** Is called between iterations; what it throws ends the registration. */
  throwIfAborted?: () => void;
  /** Computes the information of a level; on this thread when absent. */
  measure?: (
    fixed: FixedSamples,
    moving: ScalarImage,
    outside: Outside,
  ) => InformationMeasure | Promise<InformationMeasure>;
}

/** Measures on this thread. */
export const measureHere: NonNullable<RegistrationOptions["measure"]> = (fixed, moving, outside) =>
  new MutualInformation(fixed, moving, outside);

export interface Registration {
  /** 4 by 4, row-major: world of the template to world of the head, mm, RAS. */
  affine: Affine;
  /** Of the last level, in nats. */
  mutualInformation: number;
}

/** A head is between half and twice the template's size. */
const LARGEST_SCALE = 2;

/**
 * Prepares a template.
 *
 * @param subject the template's file, for messages
 * @throws {DataError} when the image is constant, too thin, or has values or an affine of no use
 */
export function prepareFixed(template: ScalarImage, subject = "the template"): FixedImage {
  const image = winsorise(checkGrid(template, subject), subject);
  const centre = centreOfMass(image);
  const pyramid = buildPyramid(image);
  const samples = LEVELS.map(({ resolution, spacing, every }) =>
    sampleFixed(pyramid[resolution], centre, spacing, every)
  );
  return { centre, samples };
}

/**
 * Registers a head.
 *
 * @param moving the head, its bias field corrected
 * @throws {DataError} when the image is constant, too thin, or has values or an affine of no use, and
 *   when head and template can't be brought to overlap
 */
export async function registerAffine(
  fixed: FixedImage,
  moving: ScalarImage,
  { subject = "the image", throwIfAborted, measure = measureHere }: RegistrationOptions = {},
): Promise<Registration> {
  const image = winsorise(checkGrid(moving, subject), subject);
  const pyramid = buildPyramid(image);
  const levels = await Promise.all(LEVELS.map(async (level, i) => ({
    ...level,
    throwIfAborted,
    information: await measure(fixed.samples[i], pyramid[level.resolution], level.outside),
  })));
  let transform = await findStart(levels[0].information, centreOfMass(image), throwIfAborted);
  let mutualInformation = -Infinity;
  for (const parametrisationFrom of [rigidFrom, affineFrom]) {
    for (const level of levels) {
      const found = await align(level.information, parametrisationFrom(transform), level);
      ({ transform, mutualInformation } = checkAlignment(found, subject));
    }
  }
  const [x, y, z] = fixed.centre;
  // deno-fmt-ignore
  const fromCentre = Float64Array.of(1, 0, 0, -x, 0, 1, 0, -y, 0, 0, 1, -z, 0, 0, 0, 1);
  return { affine: multiplyAffines(transform, fromCentre), mutualInformation };
}

/** @throws {DataError} when an axis has one voxel only or the affine is singular */
function checkGrid(image: ScalarImage, subject: string): ScalarImage {
  const { shape, affine } = image;
  if (shape.some((extent) => extent < 2)) {
    throw new DataError(subject, `is no volume: its shape is ${shape.join(" x ")}`);
  }
  try {
    invertAffine(affine);
  } catch (cause) {
    throw new DataError(subject, "its affine is singular; correct the header", { cause });
  }
  return image;
}

/** @throws {DataError} when the images overlap too little or the head's size is impossible */
function checkAlignment(alignment: Alignment, subject: string): Alignment {
  if (alignment.mutualInformation === -Infinity) {
    throw new DataError(
      subject,
      "covers less than a tenth of the template, so it can't be registered; " +
        "is it a whole head, and are its voxel sizes in mm?",
    );
  }
  const m = alignment.transform;
  const volume = m[0] * (m[5] * m[10] - m[6] * m[9]) - m[1] * (m[4] * m[10] - m[6] * m[8]) +
    m[2] * (m[4] * m[9] - m[5] * m[8]);
  if (!(volume > LARGEST_SCALE ** -3 && volume < LARGEST_SCALE ** 3)) {
    throw new DataError(
      subject,
      `registration failed: it changes volumes by a factor of ${volume.toPrecision(2)}; ` +
        "is it a head, and are its voxel sizes in mm?",
    );
  }
  return alignment;
}
