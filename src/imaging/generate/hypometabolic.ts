/** PET images that lose metabolism where a dementia takes it. */
import { blurAxis } from "./blur.ts";
import { ellipsoid } from "./shapes.ts";
import type { HeadVolume } from "./volume.ts";

export type Pathology = "ad" | "bvftd" | "lvppa" | "nfvppa" | "pca" | "svppa";

/** Centre and half axes in MNI mm. */
type Region = readonly [x: number, y: number, z: number, a: number, b: number, c: number];

const PARIETAL: Region = [42, -60, 38, 18, 20, 18];
const TEMPORAL: Region = [56, -36, -6, 14, 26, 14];
const PRECUNEUS: Region = [6, -58, 34, 10, 18, 18];
const FRONTAL: Region = [22, 46, 18, 22, 20, 26];
const TEMPORAL_POLE: Region = [40, 10, -28, 18, 18, 14];
const OCCIPITAL: Region = [24, -82, 10, 20, 16, 22];
const INFERIOR_FRONTAL: Region = [46, 18, 12, 14, 18, 16];

const left = ([x, ...rest]: Region): Region => [-x, ...rest];
const both = (...regions: Region[]) => regions.flatMap((region) => [region, left(region)]);

/** Regions that lose metabolism in FDG-PET, as ellipsoids. */
const REGIONS: Readonly<Record<Pathology, readonly Region[]>> = {
  ad: both(PARIETAL, TEMPORAL, PRECUNEUS),
  bvftd: both(FRONTAL, TEMPORAL_POLE),
  lvppa: [left(PARIETAL), left(TEMPORAL)],
  nfvppa: [left(INFERIOR_FRONTAL)],
  pca: both(OCCIPITAL, PARIETAL),
  svppa: [left(TEMPORAL_POLE), left(TEMPORAL), TEMPORAL_POLE],
};

/** 1 inside the pathology's regions, in an image in MNI space. */
export function pathologyMask(
  pathology: Pathology,
  { shape, affine, data }: HeadVolume,
): Uint8Array {
  const mask = new Uint8Array(data.length);
  const regions = REGIONS[pathology];
  for (let k = 0, at = 0; k < shape[2]; k++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let i = 0; i < shape[0]; i++, at++) {
        const [x, y, z] = [0, 4, 8].map((row) =>
          affine[row] * i + affine[row + 1] * j + affine[row + 2] * k + affine[row + 3]
        );
        const inside = regions.some(([cx, cy, cz, a, b, c]) =>
          ellipsoid(x - cx, y - cy, z - cz, a, b, c) <= 0
        );
        if (inside) mask[at] = 1;
      }
    }
  }
  return mask;
}

/**
 * Multiplies the image by a map that is 1 - degree / 100 inside the mask and 1 outside, blurred.
 *
 * @param degree loss of metabolism in percent
 * @param sigma of the blur, voxels
 */
export function hypometabolise(
  source: HeadVolume,
  mask: Uint8Array,
  degree: number,
  sigma: number,
): HeadVolume {
  let map: Float32Array = Float32Array.from(mask, (inside) => inside === 0 ? 1 : 1 - degree / 100);
  for (const axis of [0, 1, 2]) map = blurAxis(map, source.shape, axis, sigma);
  return { ...source, data: source.data.map((value, at) => value * map[at]), integer: false };
}
