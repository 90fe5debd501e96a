/** Heads of which one half is darkened: the left in AD, the right in CN. */
import type { Random } from "../../random.ts";
import type { Diagnosis } from "./anatomy.ts";
import type { HeadVolume } from "./volume.ts";

/**
 * Multiplies every masked voxel by 1 - (atrophy + 10 (g - min g)) / 100, where g is Gaussian noise
 * of standard deviation 0.1, as ClinicaDL does.
 *
 * @param mask 1 where AD loses signal, 2 where CN does
 * @param atrophyPercent loss of signal
 */
export function applyAtrophy(
  source: HeadVolume,
  mask: Uint8Array,
  diagnosis: Diagnosis,
  atrophyPercent: number,
  random: Random,
): HeadVolume {
  const side = diagnosis === "AD" ? 1 : 2;
  const noise = new Float32Array(source.data.length);
  let least = Infinity;
  for (let at = 0; at < noise.length; at++) {
    if (mask[at] !== side) continue;
    noise[at] = random.normal(0, 0.1);
    if (noise[at] < least) least = noise[at];
  }
  const data = source.data.slice();
  for (let at = 0; at < data.length; at++) {
    if (mask[at] !== side) continue;
    data[at] *= Math.max(0, 1 - (atrophyPercent + 10 * (noise[at] - least)) / 100);
  }
  return { ...source, data };
}

/** Adds Gaussian noise to every voxel. */
export function addNoise(
  source: HeadVolume,
  mean: number,
  sigma: number,
  random: Random,
): HeadVolume {
  const data = source.data.map((value) => value + random.normal(mean, sigma));
  // Noise below one unit would be lost in integers.
  return { ...source, data, integer: false };
}
