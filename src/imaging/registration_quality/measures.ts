/** How well one head was registered to the template. */
import { type Affine, transformPoint } from "../nifti/affine.ts";
import type { ScalarImage } from "../scalar_image.ts";
import { affineParts } from "./affine_parts.ts";
import { headRegion } from "./head_region.ts";

/** The columns of the table of quality, with the side on which a head is an outlier. */
export const MEASURES = {
  /** Of head and template, in nats, as the registration reached it. */
  mutual_information: "low",
  /** Pearson's, of head and template over the template's {@link headRegion}. */
  correlation: "low",
  /** Size relative to the template along right, anterior and superior. */
  scale_x: "both",
  scale_y: "both",
  scale_z: "both",
  /** The largest cosine between axes that are at right angles in the template. */
  shear: "high",
  /** How the head lay in the scanner, degrees: no sign of a registration that failed. */
  rotation: "none",
  /** Likewise how far the centre of the template's grid is from where it lies in the head, mm. */
  shift: "none",
  /** Largest over smallest value of the bias field in the head. */
  field_range: "high",
} as const satisfies Record<string, "low" | "high" | "both" | "none">;

export type Measure = keyof typeof MEASURES;

export type RegistrationMeasures = Readonly<Record<Measure, number>>;

export interface RegisteredHead {
  /** Resampled to the template's grid; 0 where the head's image ends. */
  registered: ScalarImage;
  template: ScalarImage;
  /** World mm of the template to world mm of the head. */
  affine: Affine;
  mutualInformation: number;
  /** As {@link fieldRange} returns it. */
  fieldRange: number;
}

/**
 * @throws {RangeError} when the images have different shapes, or the affine is singular or mirrors
 */
export function measureRegistration(head: RegisteredHead): RegistrationMeasures {
  const { registered, template, affine } = head;
  if (registered.shape.join() !== template.shape.join()) {
    throw new RangeError(
      `the head is ${registered.shape.join(" x ")} voxels, the template ${
        template.shape.join(" x ")
      }`,
    );
  }
  const [x, y, z] = template.shape;
  const centre = transformPoint(template.affine, [(x - 1) / 2, (y - 1) / 2, (z - 1) / 2]);
  const { scale, shear, rotation, shift } = affineParts(affine, centre);
  return {
    mutual_information: head.mutualInformation,
    correlation: correlationWithin(headRegion(template), registered.data, template.data),
    scale_x: scale[0],
    scale_y: scale[1],
    scale_z: scale[2],
    shear,
    rotation,
    shift,
    field_range: head.fieldRange,
  };
}

/**
 * Largest over smallest value of a multiplicative bias field in the corrected image's
 * {@link headRegion}: in air the field is an extrapolation. 1 where there is no head.
 */
export function fieldRange(field: ScalarImage, corrected: ScalarImage): number {
  const region = headRegion(corrected);
  let low = Infinity, high = 0;
  for (let at = 0; at < region.length; at++) {
    if (region[at] === 0) continue;
    low = Math.min(low, field.data[at]);
    high = Math.max(high, field.data[at]);
  }
  return high > 0 ? high / low : 1;
}

/** Pearson's correlation over the voxels of a region; 0 where one of the images is constant. */
function correlationWithin(region: Uint8Array, a: Float32Array, b: Float32Array): number {
  let count = 0, sumA = 0, sumB = 0;
  for (let at = 0; at < region.length; at++) {
    if (region[at] === 0) continue;
    count++;
    sumA += a[at];
    sumB += b[at];
  }
  const [meanA, meanB] = [sumA / count, sumB / count];
  let covariance = 0, varianceA = 0, varianceB = 0;
  for (let at = 0; at < region.length; at++) {
    if (region[at] === 0) continue;
    const [deviationA, deviationB] = [a[at] - meanA, b[at] - meanB];
    covariance += deviationA * deviationB;
    varianceA += deviationA ** 2;
    varianceB += deviationB ** 2;
  }
  const scale = Math.sqrt(varianceA * varianceB);
  return scale > 0 ? covariance / scale : 0;
}
