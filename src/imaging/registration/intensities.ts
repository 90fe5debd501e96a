/** Intensities of an image before registration: extreme values are cut off. */
import { DataError } from "../../errors.ts";
import type { ScalarImage } from "../scalar_image.ts";

/** Shares of the voxels below and above which intensities are cut off, as antsRegistrationSyN does. */
const LOWEST_SHARE = 0.005;
const HIGHEST_SHARE = 0.995;

/**
 * Winsorises: sets intensities below the 0.5 % quantile or above the 99.5 % quantile to that quantile.
 *
 * @param subject the image, for messages
 * @throws {DataError} for values that are not finite, and for an image of one value
 */
export function winsorise(image: ScalarImage, subject: string): ScalarImage {
  const { data } = image;
  const { lowest, highest } = rangeOf(data);
  if (!Number.isFinite(highest - lowest)) {
    throw new DataError(subject, "has values that are not finite numbers");
  }
  const last = data.length - 1;
  const low = orderStatistic(data, Math.round(LOWEST_SHARE * last));
  const high = orderStatistic(data, Math.round(HIGHEST_SHARE * last));
  if (!(low < high)) {
    throw new DataError(
      subject,
      `99 % of its voxels have one value, ${low}: it shows nothing to register`,
    );
  }
  const cut = new Float32Array(data.length);
  for (let at = 0; at < data.length; at++) cut[at] = Math.min(high, Math.max(low, data[at]));
  return { ...image, data: cut };
}

/** NaN where a value is NaN. */
export function rangeOf(data: Float32Array): { lowest: number; highest: number } {
  let lowest = Infinity, highest = -Infinity;
  for (let at = 0; at < data.length; at++) {
    lowest = Math.min(lowest, data[at]);
    highest = Math.max(highest, data[at]);
  }
  return { lowest, highest };
}

/**
 * The value at a place of the sorted data, from 0, exact: the 16 high bits of the sortable pattern of
 * float32 are counted first, then the 16 low bits of those values that share the high bits found.
 */
export function orderStatistic(data: Float32Array, rank: number): number {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const counts = new Uint32Array(2 ** 16);
  for (let at = 0; at < bits.length; at++) counts[sortable(bits[at]) >>> 16]++;
  let before = 0;
  let high = 0;
  while (before + counts[high] <= rank) before += counts[high++];

  counts.fill(0);
  for (let at = 0; at < bits.length; at++) {
    const pattern = sortable(bits[at]);
    if (pattern >>> 16 === high) counts[pattern & 0xffff]++;
  }
  let low = 0;
  while (before + counts[low] <= rank) before += counts[low++];
  const pattern = (high << 16 | low) >>> 0;
  return new Float32Array(Uint32Array.of(pattern >>> 31 ? pattern ^ 2 ** 31 : ~pattern).buffer)[0];
}

/** Maps the bits of a float32 to an unsigned integer of the same order. */
function sortable(bits: number): number {
  return (bits >>> 31 ? ~bits : bits ^ 0x80000000) >>> 0;
}

/** Mean position in mm, weighted by the intensity above the lowest. */
export function centreOfMass({ shape, data, affine }: ScalarImage): [number, number, number] {
  const [nx, ny, nz] = shape;
  const { lowest } = rangeOf(data);
  let mass = 0, i = 0, j = 0, k = 0;
  for (let z = 0, at = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      let rowMass = 0, rowMoment = 0;
      for (let x = 0; x < nx; x++) {
        const weight = data[at++] - lowest;
        rowMass += weight;
        rowMoment += weight * x;
      }
      mass += rowMass;
      i += rowMoment;
      j += rowMass * y;
      k += rowMass * z;
    }
  }
  const along = (row: number) =>
    (affine[row] * i + affine[row + 1] * j + affine[row + 2] * k) / mass + affine[row + 3];
  return [along(0), along(4), along(8)];
}
