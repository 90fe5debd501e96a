/**
 * Finds images of a brain without its skull. Registered to a template with a skull, a stripped brain
 * is inflated to the size of a head, with a mutual information that shows nothing.
 */
import { blurAxis } from "../generate/blur.ts";
import { invertAffine, type Point, transformPoint } from "../nifti/affine.ts";
import { spacingOf } from "../nifti/orientation.ts";
import { otsuThreshold } from "../otsu.ts";
import { averageBlocks } from "../registration/pyramid.ts";
import { headRegion } from "../registration_quality/head_region.ts";
import type { ScalarImage } from "../scalar_image.ts";

/** Voxels are averaged to this size, and smoothed by a Gaussian of this sigma: sulci vanish. */
const VOXEL_MM = 2;
const SIGMA_MM = 1.5;

const RAYS = 1000;
/** Fewer rays that end in air are no evidence. */
const FEWEST_RAYS = 100;
const RAY_MM = 200;
/** Scalp, bone, fluid and cortex lie within this distance of the surface. */
const RIM_MM = 30;
/** Air that is looked at: from here to there outside the surface. */
const AIR_MM = [5, 25] as const;
const FEWEST_AIR_SAMPLES = 5;

/**
 * Of 16 images with skull and 13 without (T1, T2, FLAIR; 0.5 to 6.5 mm): where masks left the air
 * constant, the median dark band is at least 0.6 deep with skull, at most 0.25 without, and 0.4 in brains
 * of coarse phantoms. Brains, fluid included, have at most 1900 ml, heads at least 2300.
 */
const SHALLOW_BAND = 0.45;
const LARGEST_BRAIN_MM3 = 2.1e6;

/**
 * Whether all signs of a stripped brain are there: it is no larger than brains are, and along most rays
 * from its centre upwards the air is one constant value, as a mask leaves it, and no dark band (bone and
 * fluid) lies between two bright ones (scalp and brain). A head that was defaced or cut with zeros keeps
 * its dark band.
 */
export function isSkullStripped(image: ScalarImage): boolean {
  const coarse = averageBlocks(image, VOXEL_MM);
  const data = spacingOf(coarse.affine).reduce(
    (blurred, spacing, axis) => blurAxis(blurred, coarse.shape, axis, SIGMA_MM / spacing),
    coarse.data,
  );
  const threshold = otsuThreshold(data);
  if (threshold === undefined || volumeOf({ ...coarse, data }) > LARGEST_BRAIN_MM3) return false;
  const background = coarse.data.reduce((least, value) => Math.min(least, value));
  const centre = centreAbove({ ...coarse, data }, threshold);
  const bands: number[] = [];
  let masked = 0;
  for (const direction of upperDirections()) {
    const voxels = voxelsAlong(coarse, centre, direction);
    const profile = voxels.map((voxel) => data[voxel]);
    const surface = profile.findLastIndex((value) => value > threshold);
    const air = voxels.slice(surface + AIR_MM[0], surface + AIR_MM[1]);
    if (surface < 0 || air.length < FEWEST_AIR_SAMPLES) continue;
    const constant = air.filter((voxel) => coarse.data[voxel] === background).length;
    if (constant > air.length / 2) masked++;
    bands.push(
      deepestBand(profile.slice(Math.max(0, surface - RIM_MM), surface + 1), background),
    );
  }
  if (bands.length < FEWEST_RAYS || masked <= bands.length / 2) return false;
  return bands.sort((a, b) => a - b)[bands.length >> 1] < SHALLOW_BAND;
}

/** Of what is brighter than air, holes filled, mm³. */
function volumeOf(image: ScalarImage): number {
  const [x, y, z] = spacingOf(image.affine);
  return headRegion(image).reduce((count, inside) => count + inside, 0) * x * y * z;
}

/** Mean position of the voxels above a threshold, mm. */
function centreAbove({ shape, data, affine }: ScalarImage, threshold: number): Point {
  const [nx, ny] = shape;
  let count = 0, x = 0, y = 0, z = 0;
  for (let at = 0; at < data.length; at++) {
    if (!(data[at] > threshold)) continue;
    count++;
    x += at % nx;
    y += Math.floor(at / nx) % ny;
    z += Math.floor(at / (nx * ny));
  }
  return transformPoint(affine, [x / count, y / count, z / count]);
}

/** Directions spread evenly over the upper half of a sphere, on a spiral of the golden angle. */
function upperDirections(): Point[] {
  return Array.from({ length: RAYS }, (_, i) => {
    const z = 1 - (i + 0.5) / RAYS;
    const radius = Math.sqrt(1 - z * z);
    const angle = Math.PI * (1 + Math.sqrt(5)) * i;
    return [radius * Math.cos(angle), radius * Math.sin(angle), z];
  });
}

/** Voxels at every mm of a ray, from its start to the end of the grid. */
function voxelsAlong(
  { shape: [nx, ny, nz], affine }: ScalarImage,
  start: Point,
  direction: Point,
): number[] {
  const toVoxel = invertAffine(affine);
  const voxels: number[] = [];
  for (let mm = 0; mm < RAY_MM; mm++) {
    const [x, y, z] = transformPoint(toVoxel, [
      start[0] + mm * direction[0],
      start[1] + mm * direction[1],
      start[2] + mm * direction[2],
    ]).map(Math.round);
    if (x < 0 || y < 0 || z < 0 || x >= nx || y >= ny || z >= nz) break;
    voxels.push(x + nx * (y + ny * z));
  }
  return voxels;
}

/**
 * How far a profile falls between two bright parts, relative to the darker of them: the maximum of
 * (b - v) / (b - background), where b is the lesser of the maxima on either side of the value v.
 */
function deepestBand(profile: readonly number[], background: number): number {
  const outer = profile.toReversed();
  const outerMaxima = runningMaxima(outer);
  const innerMaxima = runningMaxima(profile).reverse();
  let deepest = 0;
  outer.forEach((value, i) => {
    const bright = Math.min(outerMaxima[i], innerMaxima[i]);
    if (bright > background) {
      deepest = Math.max(deepest, (bright - value) / (bright - background));
    }
  });
  return deepest;
}

function runningMaxima(values: readonly number[]): number[] {
  let largest = -Infinity;
  return values.map((value) => largest = Math.max(largest, value));
}
